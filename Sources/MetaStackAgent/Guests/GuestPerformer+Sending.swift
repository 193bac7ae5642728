import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// A guest's memory on its way, and what breaks it off.
extension GuestPerformer {
    /// The target's word as it is now; nil where it has none, or refuses.
    func answer(to move: GuestMove, of vm: VMID) -> Stored<Arrival>? {
        guard let arrival = view.cluster.arrivals[vm], arrival.value.answers == move.id,
            arrival.value.host == move.to, arrival.value.refusal == nil
        else { return nil }
        return arrival
    }

    /// Says how far it is, breaks off where nobody wants it any more, and ends the guest where the VM
    /// is another's: a QEMU whose disk is gone may never come to the end of it, nor may libvirt.
    func sendMemory(
        to arrival: Stored<Arrival>, _ move: GuestMove, _ situation: GuestSituation,
        _ known: LatestClaim
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await hypervisor.migrate(situation.vm, to: arrival.value.uri)
                return true
            }
            group.addTask {
                var brokenOff: ContinuousClock.Instant?
                while true {
                    try await clock.sleep(for: settings.lookAtMoveEvery)
                    if isLost(situation, since: brokenOff) {
                        log(situation).warning("guest killed, its VM is no longer this host's")
                        try await hypervisor.kill(situation.vm)
                        return false
                    }
                    if brokenOff == nil, canArrive(move, situation) {
                        await publishProgress(situation, known)
                    } else {
                        brokenOff = brokenOff ?? clock.now
                        // With every look: before its job has begun libvirt knows of nothing to end.
                        await breakOff(situation)
                    }
                }
            }
            defer { group.cancelAll() }
            // One that was broken off still has to end.
            while try await group.next() == false {}
        }
    }

    /// What arrives at a host whose word is gone, or while no claim can be handed over, would stand
    /// there; what is broken off runs on here.
    private func canArrive(_ move: GuestMove, _ situation: GuestSituation) -> Bool {
        isWanted(move, situation) && answer(to: move, of: situation.vm) != nil
            && view.provenLease(at: clock.now) != nil
    }

    /// A call that gets no answer is no reason to wait for the other one.
    private func breakOff(_ situation: GuestSituation) async {
        do {
            try await hypervisor.abortMigration(of: situation.vm)
        } catch {
            log(situation).warning("move not broken off", metadata: ["error": "\(error)"])
        }
    }

    /// Whether the VM is another's, or nobody's for so long that this guest cannot go on either.
    ///
    /// - Parameter brokenOff: when the move was; nil where it goes on.
    private func isLost(_ situation: GuestSituation, since brokenOff: ContinuousClock.Instant?)
        -> Bool
    {
        let now = clock.now
        guard view.provenLease(at: now) != nil else { return false }
        if let claim = view.cluster.actualVMs[situation.vm] {
            return claim.incarnation != situation.claim?.incarnation
                || claim.value.host != view.me
        }
        return brokenOff.map { $0 + settings.answerWithin <= now } ?? false
    }

    private func isWanted(_ move: GuestMove, _ situation: GuestSituation) -> Bool {
        let cluster = view.cluster
        guard cluster.desiredVMs[situation.vm]?.createRevision == situation.desired?.createRevision
        else { return false }
        switch verdict(on: situation.vm, in: cluster) {
        case .stay: return false
        case .go(let plan): return plan.order == move.order
        case .wait, .stuck: return true
        }
    }

    /// For people: a word that does not get through is said with the next look.
    private func publishProgress(_ situation: GuestSituation, _ known: LatestClaim) async {
        do {
            guard let progress = try await hypervisor.migrationProgress(of: situation.vm),
                progress != known.value.value.move?.progress
            else { return }
            var claim = known.value.value
            claim.move?.progress = progress
            let result = try await transactions.update(
                situation.vm, claim, known: known.value, lease: situation.lease)
            if case .written(let revision) = result { known.note(claim, at: revision) }
        } catch {
            log(situation).debug("progress not published", metadata: ["error": "\(error)"])
        }
    }
}

/// The claim as this agent wrote it last, while it says how far a move is.
final class LatestClaim: Sendable {
    private let state: Mutex<Stored<ActualVM>>

    init(_ claim: Stored<ActualVM>) { state = Mutex(claim) }

    var value: Stored<ActualVM> { state.withLock(\.self) }

    func note(_ claim: ActualVM, at revision: Revision) {
        state.withLock { state in
            state.value = claim
            state.revision = revision
        }
    }
}
