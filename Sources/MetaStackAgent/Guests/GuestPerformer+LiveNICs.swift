import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// NICs that come and go while their guest runs.
extension GuestPerformer {
    /// Adds to a situation what is to be done about the NICs of its guest, where it runs here and is not on
    /// its way to another host.
    ///
    /// - Returns: after which time what has not come about is to be tried again.
    func addNICs(to situation: inout GuestSituation) -> Duration? {
        situation.nics = LiveNICs()
        let vm = situation.vm
        guard let claim = situation.claim?.value, claim.host == view.me, claim.move == nil,
            let desired = situation.desired, desired.value.state == .start,
            let domain = situation.domain, domain.state == .running
        else {
            view.noteWaitingForNICs(vm, false)
            return nil
        }
        let now = clock.now
        let tries = memory.state.withLock { $0.nicTries[vm] ?? [:] }
        func look(taken: Set<AddressID>) -> LiveNICs {
            view.read { state in
                LiveNICs(
                    of: vm, desired, claim, domain, in: state.cluster, taken: taken,
                    tries: tries.mapValues {
                        LiveNICs.Try(reason: $0.reason, isDue: $0.until <= now)
                    })
            }
        }
        situation.nics = look(taken: [])
        if case .record(let plan) = situation.nics.step, !plan.new.isEmpty {
            situation.nics = look(
                taken: memory.addressesUnderway(except: vm, in: view, under: situation.lease))
        }
        view.noteWaitingForNICs(vm, situation.nics.note != nil)
        return tries.values.map(\.until).filter { $0 > now }.min().map { now.duration(to: $0) }
    }

    func changeNICs(
        _ step: LiveNICs.Step, _ situation: GuestSituation
    ) async throws -> Outcome {
        switch step {
        case .record(let plan): return try await record(plan, situation)
        case .attach(let nic): return try await attach(nic, situation)
        case .detach(let nic): return try await detach(nic, situation)
        }
    }

    /// From here on the addresses of a new NIC are the VM's, and those of one that is gone are not.
    private func record(
        _ plan: AddressPlan, _ situation: GuestSituation
    ) async throws -> Outcome {
        let vm = situation.vm
        let known = try ownClaim(situation)
        guard let wanted = situation.desired else { return .settled }
        var claim = known.value
        claim.incarnation = known.incarnation
        claim.macs = plan.nics.map(\.mac)
        claim.nics = plan.isPlain(of: vm) ? [] : plan.nics
        let result = try await transactions.changeNICs(
            vm, claim, known: known, wanted: wanted.revision,
            addresses: records(of: plan.changes, wanted, vm), lease: situation.lease)
        if case .written = result {
            let ends = Set(plan.nics.compactMap(\.interface))
            memory.state.withLock { state in
                state.nicTries[vm] = state.nicTries[vm]?.filter { ends.contains($0.key) }
            }
            log(situation).info(
                "NICs put on record",
                metadata: ["nics": "\(plan.nics.map(\.mac.description).joined(separator: " "))"])
        }
        return outcome(result, situation)
    }

    /// Its network and its rules stand before the guest has it.
    private func attach(_ nic: ActualNIC, _ situation: GuestSituation) async throws -> Outcome {
        let vm = situation.vm
        guard let end = nic.interface else { return .settled }
        do {
            let places = try await networkPlaces(for: [nic])
            let wish = view.read { $0.cluster.wish(behind: nic, of: vm) }
            guard let wish, isProven(situation) else { return .settled }
            try await hypervisor.attach(guestNIC(nic, 0, of: vm, wish, places), to: vm)
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            noteTry(of: end, situation) { _ in "\(error)" }
            log(situation).warning(
                "cannot plug a NIC in", metadata: ["mac": "\(nic.mac)", "error": "\(error)"])
            return .acted
        }
        memory.state.withLock { $0.nicTries[vm]?[end] = nil }
        log(situation).info("NIC plugged in", metadata: ["mac": "\(nic.mac)"])
        return .acted
    }

    /// A guest lets go soon, later, or never: one that is booting does not hear.
    private func detach(_ nic: ActualNIC, _ situation: GuestSituation) async throws -> Outcome {
        guard let end = nic.interface else { return .settled }
        do {
            try await hypervisor.detach(end, from: situation.vm)
            noteTry(of: end, situation) { times in
                times > 1 ? "the guest has not let it go" : nil
            }
            log(situation).info("guest asked to let a NIC go", metadata: ["mac": "\(nic.mac)"])
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            noteTry(of: end, situation) { _ in "\(error)" }
            log(situation).warning(
                "cannot unplug a NIC", metadata: ["mac": "\(nic.mac)", "error": "\(error)"])
        }
        return .acted
    }

    /// - Parameter reason: of how many tries, this one counted.
    private func noteTry(
        of end: InterfaceName, _ situation: GuestSituation, _ reason: (Int) -> String?
    ) {
        let now = clock.now
        memory.state.withLock { state in
            let times = (state.nicTries[situation.vm]?[end]?.times ?? 0) + 1
            let delay = min(settings.nicAgainAfter * (1 << min(times - 1, 16)), .seconds(600))
            state.nicTries[situation.vm, default: [:]][end] = NICTry(
                reason: reason(times), times: times, until: now + delay)
        }
    }
}

/// Something about a running guest's NIC that was tried.
struct NICTry: Sendable {
    /// Why it has not come about, for people.
    var reason: String?
    var times: Int
    /// It is not tried again before.
    var until: ContinuousClock.Instant
}
