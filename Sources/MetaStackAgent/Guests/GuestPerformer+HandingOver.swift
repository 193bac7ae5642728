import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// The claim's way to the target.
extension GuestPerformer {
    /// The guest was shut down for its move.
    func handOver(
        _ move: GuestMove, _ arrival: Stored<Arrival>, _ situation: GuestSituation
    ) async throws -> Outcome {
        try await handOver(
            move,
            Handover(
                claim: try ownClaim(situation), history: situation.history, arrival: arrival),
            situation, nil)
    }

    /// - Parameter clients: the arrived guest's; nil for one that was shut down.
    func handOver(
        _ move: GuestMove, _ first: Handover, _ situation: GuestSituation,
        _ clients: [StorageClient]?
    ) async throws -> Outcome {
        let end = clock.now + settings.answerWithin
        var handover = first.newer(in: view.cluster, of: situation.vm, for: move) ?? first
        var result = try await write(handover, move, situation, clients)
        // An arrived guest has no way back. Others write its history, too, when they lift an eviction;
        // a target whose agent was restarted answers anew; and an own word may have got no answer.
        while case .conflict = result, clients != nil, clock.now < end {
            try await clock.sleep(for: settings.slot)
            guard let newer = handover.newer(in: view.cluster, of: situation.vm, for: move)
            else { break }
            guard newer != handover else { continue }
            handover = newer
            result = try await write(handover, move, situation, clients)
        }
        memory.state.withLock { state in
            state.moves[situation.vm] = nil
            state.shutdowns[situation.vm] = nil
            state.moveFailures[situation.vm] = nil
        }
        switch result {
        case .written: log(situation).info("claim handed over", metadata: ["to": "\(move.to)"])
        case .conflict:
            log(situation).warning(
                "records changed before the claim was handed over", metadata: ["to": "\(move.to)"])
        }
        return outcome(result, situation)
    }

    private func write(
        _ handover: Handover, _ move: GuestMove, _ situation: GuestSituation,
        _ clients: [StorageClient]?
    ) async throws -> WriteResult {
        guard let lease = handover.arrival.lease else { return .conflict }
        let known = handover.claim
        var claim = known.value
        claim.host = move.to
        claim.state = clients == nil ? .claimed : .running
        // A guest that starts anew is another incarnation, and the key is not made anew.
        claim.incarnation = clients == nil ? known.revision : known.incarnation
        claim.clients = clients ?? []
        claim.move = nil
        claim.cameFrom = move.drains ? view.me : nil
        claim.bootedOn = bootedOn(known.value, move, isLive: clients != nil)
        claim.message = nil
        claim.since = clock.timestamp
        var situation = situation
        situation.history = handover.history
        let history = history(handing: claim, clients, move, situation)
        return try await patiently { [claim] in
            try await transactions.handOver(
                situation.vm, claim, known: known, history: history,
                knownHistory: handover.history, arrival: handover.arrival, lease: lease)
        }
    }

    /// Its processor stays what it was started on, wherever it goes while it runs.
    private func bootedOn(_ claim: ActualVM, _ move: GuestMove, isLive: Bool) -> HostID? {
        let host = claim.bootedOn ?? view.me
        return isLive && host != move.to ? host : nil
    }

    private func history(
        handing claim: ActualVM, _ clients: [StorageClient]?, _ move: GuestMove,
        _ situation: GuestSituation
    ) -> VMHistory? {
        guard var history = situation.history?.value else { return nil }
        history.movedFor = move.order ?? history.movedFor
        if let clients, let incarnation = claim.incarnation {
            history.host = claim.host
            history.incarnation = incarnation
            history.clients = clients
            return history
        }
        return history.ended(on: view.me, "moved to host \(claim.host)") ?? history
    }

    /// The guest stands still meanwhile: a call without an answer is tried again at once, and changes
    /// nothing where the first one did its work. Given up, it would cost the guest its memory.
    private func patiently(
        _ write: () async throws -> WriteResult
    ) async throws -> WriteResult {
        let end = clock.now + settings.handOverWithin
        while clock.now < end {
            do {
                return try await write()
            } catch {
                try Task.checkCancellation()
                logger.debug("trying again to hand over", metadata: ["error": "\(error)"])
                try await clock.sleep(for: .milliseconds(100))
            }
        }
        return try await write()
    }
}

/// The records that a handover rests on.
struct Handover: Sendable, Equatable {
    var claim: Stored<ActualVM>
    var history: Stored<VMHistory>?
    var arrival: Stored<Arrival>

    /// The same as they are by now; nil where the claim is no longer this move's.
    func newer(in cluster: Cluster, of vm: VMID, for move: GuestMove) -> Handover? {
        guard let claim = cluster.actualVMs[vm], claim.createRevision == self.claim.createRevision,
            claim.value.host == self.claim.value.host, claim.value.move?.id == move.id
        else { return nil }
        var newer = self
        if claim.revision > self.claim.revision { newer.claim = claim }
        if let history = cluster.histories[vm],
            history.revision > self.history?.revision ?? history.revision
        {
            newer.history = history
        }
        if let arrival = cluster.arrivals[vm], arrival.value.answers == move.id,
            arrival.value.host == move.to, arrival.value.refusal == nil
        {
            newer.arrival = arrival
        }
        return newer
    }
}
