import Foundation
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// Becoming a VM's owner.
extension GuestPerformer {
    func claimToRun(_ situation: GuestSituation) async throws -> Outcome {
        let vm = situation.vm
        guard let wanted = situation.desired else { return .settled }
        guard let (host, turn) = view.turn(of: vm), let rank = turn else {
            return pending(situation, view.reasonHere(vm, wanted.value))
        }
        if let early = timeToTurn(vm, rank: rank, after: host) { return .again(after: early) }
        let plan: VMPlan
        do throws(VMPlan.Impossible) {
            let taken = memory.addressesUnderway(except: vm, in: view, under: situation.lease)
            plan = try view.plan(vm, wanted.value, taken: taken)
        } catch {
            return pending(situation, error.description)
        }
        guard reserve(plan.request, wanted, situation, addresses: plan.addresses.new) else {
            return .again(after: settings.slot)
        }
        // Whoever claims it, this node among them, ends what is known of the former owner.
        let departure = view.read { $0.departures[vm] }
        let order = ClaimOrder(
            vm: vm, wanted: wanted.revision, claim: newClaim(plan, wanted),
            volumes: volumes(plan, situation),
            image: plan.disk.map { ($0.imageID, $0.imageRevision) },
            addresses: records(of: plan.addresses.changes, wanted, vm))
        let result = try await settling(vm) {
            try await claims.claim(order, lease: situation.lease)
        }
        if case .written(let revision) = result {
            log(situation, revision).info("claimed", metadata: ["rank": "\(rank)"])
            memory.forgetWaiting(vm)
            beginTimeline(situation, departure, revision)
        }
        return outcome(result, situation)
    }

    func claimToCleanUp(_ revision: Revision, _ situation: GuestSituation) async throws -> Outcome {
        let vm = situation.vm
        let rank = view.placement.order(of: vm).firstIndex(of: view.me) ?? 0
        if let early = timeToTurn(vm, rank: rank, after: nil) { return .again(after: early) }
        let claim = ActualVM(
            host: view.me, state: .deleting, desiredCreateRevision: revision,
            since: clock.timestamp)
        let result = try await transactions.claimToCleanUp(
            vm, desired: situation.desired, as: claim, lease: situation.lease)
        if case .written(let revision) = result {
            log(situation, revision).info("claimed to clean up")
            memory.forgetWaiting(vm)
        }
        return outcome(result, situation)
    }

    /// The owner stays the same, and so does the incarnation.
    func claimInPlace(_ domain: LocalDomain, _ situation: GuestSituation) async throws -> Outcome {
        guard let wanted = situation.desired, let history = situation.history,
            // Sizes and networks only.
            var plan = try? VMPlan(
                situation.vm, wanted.value, in: view.cluster, checkingAddresses: false)
        else { return .settled }
        guard
            let nics = plan.addresses.following(domain, of: situation.vm, in: view.cluster)
        else {
            return try await destroy(
                situation, "it has a NIC of which nobody knows any more on which network it is")
        }
        plan.addresses = nics
        let evicted = try await storage.evicted(among: history.value.clients)
        guard evicted.isEmpty else {
            return try await destroy(situation, "it was evicted while nobody owned it")
        }
        guard hasRoom(forGuestHere: plan.request) else {
            return try await destroy(situation, "others have taken its room while nobody owned it")
        }
        guard reserve(plan.request, wanted, situation, forGuestHere: true) else {
            return .again(after: settings.slot)
        }
        var claim = newClaim(plan, wanted)
        claim.state = .starting
        claim.incarnation = domain.incarnation
        claim.clients = history.value.clients
        let result = try await settling(situation.vm) { [claim] in
            _ = memory.sendClaim(of: situation.vm)
            return try await transactions.claimInPlace(
                situation.vm, wanted: wanted, as: claim, history: history,
                lease: situation.lease)
        }
        if case .written = result {
            log(situation, domain.incarnation).info("claimed again in place")
        }
        return outcome(result, situation)
    }

    /// The claim moves to this node's present lease and is otherwise unchanged.
    func carryOver(_ situation: GuestSituation) async throws -> Outcome {
        let known = try ownClaim(situation)
        var claim = known.value
        claim.incarnation = known.incarnation
        let result = try await transactions.update(
            situation.vm, claim, known: known, lease: situation.lease)
        if case .written = result {
            log(situation).info(
                "claim carried over to this session", metadata: ["lease": "\(situation.lease)"])
        }
        return outcome(result, situation)
    }

    func holdBack(_ hold: TakeoverHold, _ situation: GuestSituation) -> Outcome {
        let outcome = pending(situation, hold.reason)
        guard let until = hold.until else { return outcome }
        return .again(after: max(.zero, clock.now.duration(to: until)))
    }

    // MARK: Parts

    /// Who had the guest, and when that owner's claim went with its lease, where this node saw it.
    private func beginTimeline(
        _ situation: GuestSituation, _ departure: Departure?, _ revision: Revision
    ) {
        guard let former = situation.history?.value, !former.clients.isEmpty else { return }
        let takeover = Takeover(
            from: former.host, to: view.me, incarnation: revision,
            lastProven: departure?.lastProven, expired: departure?.expired,
            claimed: clock.timestamp)
        memory.state.withLock { $0.takeovers[situation.vm] = takeover }
    }

    private func newClaim(_ plan: VMPlan, _ wanted: Stored<DesiredVM>) -> ActualVM {
        let vm = plan.request.vm
        return ActualVM(
            host: view.me, state: .claimed,
            vmUUID: UUID(vm: vm, createRevision: wanted.createRevision),
            desiredRevision: wanted.revision, desiredCreateRevision: wanted.createRevision,
            ram: plan.request.ram, vcpus: plan.request.vcpus, since: clock.timestamp,
            console: settings.console(of: vm),
            macs: plan.macs, nics: plan.addresses.isPlain(of: vm) ? [] : plan.addresses.nics)
    }

    /// The records of addresses as they shall be.
    func records(
        of changes: [AddressPlan.Change], _ wanted: Stored<DesiredVM>, _ vm: VMID
    ) -> [(id: AddressID, held: HeldAddress?, known: Revision?)] {
        changes.map { change in
            let held = change.holder.map { holder in
                HeldAddress(
                    vm: vm, vmCreateRevision: wanted.createRevision, nic: holder.nic,
                    mac: holder.mac, since: clock.timestamp)
            }
            return (change.id, held, change.known)
        }
    }

    /// The volume records that provisioning will need: a new one, or a half-made one under a new
    /// image name, since a former owner that stalls may still be at work on the old one.
    private func volumes(
        _ plan: VMPlan, _ situation: GuestSituation
    ) -> [(id: VolumeID, volume: Volume, known: Revision?)] {
        let id = VolumeID(vm: situation.vm)
        let known = situation.volumes[id]
        guard let disk = plan.disk, let wanted = situation.desired else { return [] }
        let volume = Volume(
            pool: settings.vmPool, image: freshName(of: id),
            size: plan.flavour.disk, vm: situation.vm, vmCreateRevision: wanted.createRevision,
            source: disk.imageID, discarded: known?.value.attempts ?? [])
        return [(id, volume, known?.revision)]
    }

    /// A name for a disk's next image, for this agent alone and for one attempt.
    func freshName(of id: VolumeID) -> String {
        let name = random.freshName(after: id.description)
        memory.state.withLock { $0.unusedNames[id] = name }
        return name
    }

    /// How long until it is this node's turn; nil where it is. The first candidate's is at once.
    ///
    /// - Parameter first: that candidate. While it is seen to claim others it is neither dead nor
    ///   stuck, and this one is in its queue. While this node has a queue of its own it cannot say
    ///   that others are late.
    private func timeToTurn(_ vm: VMID, rank: Int, after first: HostID?) -> Duration? {
        guard rank > 0 else { return nil }
        let now = clock.now
        let since = memory.state.withLock { state in
            state.pendingSince[vm]
                ?? {
                    state.pendingSince[vm] = now
                    return now
                }()
        }
        let heard = first.flatMap { view.heardOfClaims(of: $0, at: now) } ?? since
        let turn = max(since, min(heard, since + settings.longestHerd)) + settings.slot * rank
        return turn > now ? now.duration(to: turn) : nil
    }

    /// The node's own admission is final: several VMs may be claimed at once, each against the
    /// same view, and together they must still fit, beside the guests here that wait to be claimed
    /// again.
    ///
    /// - Parameters:
    ///   - addresses: those that nobody else may be about to get.
    ///   - forGuestHere: it needs room and nothing else of the host.
    private func reserve(
        _ request: PlacementRequest, _ wanted: Stored<DesiredVM>, _ situation: GuestSituation,
        addresses: Set<AddressID> = [], forGuestHere: Bool = false
    ) -> Bool {
        let waiting = forGuestHere ? [] : view.guestsWithoutClaim(except: request.vm)
        let claim = ClaimUnderway(
            request: request, addresses: addresses, lease: situation.lease,
            revision: wanted.revision)
        return memory.state.withLock { state in
            view.read {
                state.reserve(claim, view.me, in: $0, beside: waiting, forGuestHere: forGuestHere)
            }
        }
    }

    /// Why a guest that another host would send here cannot come; nil where it can, and then the claim
    /// that names this host keeps its room.
    func refusal(of claim: ActualVM, _ situation: GuestSituation) -> String? {
        guard let wanted = situation.desired else { return "nobody wants the VM" }
        let cluster = view.cluster
        let plan: VMPlan
        do throws(VMPlan.Impossible) {
            // Its NICs come with it as they are.
            plan = try VMPlan(
                situation.vm, wanted.value, in: cluster, checkingAddresses: false)
        } catch {
            return error.description
        }
        var request = plan.request.asClaimed(by: claim)
        request.pin = nil  // Where it goes is for its owner to say.
        guard let offer = Placement(cluster, without: situation.vm)[view.me] else {
            return "it is not in the records"
        }
        let claims = memory.state.withLock { state in
            state.underway.values.filter { $0.isOpen(in: cluster, under: situation.lease) }
                .map(\.request)
        }
        let waiting = view.guestsWithoutClaim(except: situation.vm)
            .filter { guest in !claims.contains { $0.vm == guest.vm } }
        let left = (claims + waiting).reduce(offer) { $0.after($1) }
        let reasons = Admission.refusals(of: request, by: left)
        return reasons.isEmpty ? nil : reasons.map(\.description).joined(separator: "; ")
    }

    /// Whether this node's claims leave room for a guest that is here without one. They stay, so
    /// waiting would not help; what is underway may come to nothing.
    private func hasRoom(forGuestHere request: PlacementRequest) -> Bool {
        view.placement[view.me]?.hasRoom(for: request) ?? true
    }

    /// A claim that was made takes room until it is in view, where it counts by itself; one without an
    /// answer until it cannot be made any more.
    private func settling(
        _ vm: VMID, _ claim: () async throws -> WriteResult
    ) async throws -> WriteResult {
        defer { memory.state.withLock { $0.underway[vm]?.isOnItsWay = false } }
        let result = try await claim()
        memory.state.withLock { state in
            switch result {
            case .written(let revision): state.underway[vm]?.madeAt = revision
            case .conflict: state.underway[vm] = nil
            }
        }
        return result
    }

    /// Says once why the VM waits.
    private func pending(_ situation: GuestSituation, _ reason: String) -> Outcome {
        let isNew = memory.state.withLock { state in
            state.pendingSince[situation.vm] = nil
            defer { state.reasons[situation.vm] = reason }
            return state.reasons[situation.vm] != reason
        }
        if isNew { log(situation).info("cannot run it here", metadata: ["reason": "\(reason)"]) }
        return .settled
    }
}
