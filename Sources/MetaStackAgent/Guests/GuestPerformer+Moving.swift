import Foundation
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// Moving guests: the owner says where to, the target answers and keeps room, the guest arrives there
/// paused, and only the claim that follows it lets it run.
extension GuestPerformer {
    // MARK: The owner

    func beginMove(_ plan: MoveRules.Plan, _ situation: GuestSituation) async throws -> Outcome {
        let move = GuestMove(
            id: String(random.next(), radix: 16), to: plan.to, live: plan.live,
            reason: plan.reason, order: plan.order, drains: plan.drains, since: clock.timestamp)
        guard reserveTurn(move, situation.vm) else { return .again(after: settings.slot) }
        let known = try ownClaim(situation)
        var claim = changed(known)
        claim.move = move
        claim.message = nil
        let result = try await transactions.update(
            situation.vm, claim, known: known, lease: situation.lease)
        if case .written = result {
            log(situation).info(
                "move begun",
                metadata: ["to": "\(move.to)", "live": "\(move.live)", "reason": "\(move.reason)"])
        }
        return outcome(result, situation)
    }

    /// Several VMs may be looked at at once, each against the same view.
    private func reserveTurn(_ move: GuestMove, _ vm: VMID) -> Bool {
        let now = clock.now
        let cluster = view.cluster
        let limits = cluster.moveLimits?.value ?? MoveLimits()
        return memory.state.withLock { state in
            state.moves = state.moves.filter { other, underway in
                cluster.actualVMs[other]?.value.move?.id == underway.id
                    || underway.since + settings.answerWithin > now
            }
            guard state.moves.count < limits.perHost else { return false }
            state.moves[vm] = MoveUnderway(id: move.id, since: now)
            return true
        }
    }

    func goOnWithMove(
        _ move: GuestMove, _ arrival: Stored<Arrival>?, _ situation: GuestSituation
    ) async throws -> Outcome {
        guard let arrival else {
            let since = memory.state.withLock { $0.moves[situation.vm]?.since } ?? clock.now
            let left = clock.now.duration(to: since + settings.answerWithin)
            return left > .zero
                ? .again(after: left)
                : try await endMove("host \(move.to) has not answered", situation)
        }
        if let refusal = arrival.value.refusal { return try await endMove(refusal, situation) }
        return try await migrate(move, arrival, situation)
    }

    /// The guest stays where it is, and is left there for a while.
    func endMove(_ reason: String, _ situation: GuestSituation) async throws -> Outcome {
        let known = try ownClaim(situation)
        guard let move = known.value.move else { return .settled }
        // One that an earlier agent began may go on without it.
        try await hypervisor.abortMigration(of: situation.vm)
        let delay = noteFailure("not moved to host \(move.to): \(reason)", move, situation.vm)
        var claim = changed(known)
        claim.move = nil
        let result = try await transactions.update(
            situation.vm, claim, known: known, lease: situation.lease)
        guard case .written(let revision) = result else { return outcome(result, situation) }
        log(situation).warning(
            "move ended", metadata: ["to": "\(move.to)", "reason": "\(reason)"])
        view.noteOwnWrite(situation.vm, revision)
        return .again(after: delay)
    }

    private func noteFailure(_ text: String, _ move: GuestMove, _ vm: VMID) -> Duration {
        let now = clock.now
        return memory.state.withLock { state in
            state.moves[vm] = nil
            let before = state.moveFailures[vm]?.times ?? 0
            let delay = min(settings.moveAgainAfter * (1 << min(before, 16)), .seconds(600))
            state.moveFailures[vm] = MoveFailure(
                text: text, host: move.to, order: move.order, times: before + 1,
                until: now + delay)
            return delay
        }
    }

    /// Sends the guest's memory, then the claim. Until the claim is the target's the guest stands
    /// there, and nothing of it was written.
    private func migrate(
        _ move: GuestMove, _ arrival: Stored<Arrival>, _ situation: GuestSituation
    ) async throws -> Outcome {
        let volumes = situation.volumes.values.map(\.value)
        let before = try await writers(of: volumes)
        let known = LatestClaim(try ownClaim(situation))
        do {
            try await sendMemory(to: arrival.value.uri, move, situation, known)
        } catch {
            try Task.checkCancellation()
            guard try await hypervisor.domain(of: situation.vm) == nil else {
                var now = situation
                now.claim = known.value
                return try await endMove("\(error)", now)
            }
            log(situation).error(
                "the guest is gone, and whether it arrived is not known",
                metadata: ["to": "\(move.to)", "error": "\(error)"])
        }
        guard try await hypervisor.domain(of: situation.vm) == nil else { return .acted }
        var clients: Set<StorageClient> = []
        for volume in volumes {
            let new = try await writers(of: [volume]).subtracting(before)
            guard !new.isEmpty else { throw GuestStepError.noClients(situation.vm) }
            clients.formUnion(new)
        }
        return try await handOver(move, arrival, situation, known.value, clients.sorted())
    }

    /// Says how far it is, and breaks off where nobody wants it any more.
    private func sendMemory(
        to uri: String, _ move: GuestMove, _ situation: GuestSituation, _ known: LatestClaim
    ) async throws {
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await hypervisor.migrate(situation.vm, to: uri)
                return true
            }
            group.addTask {
                while true {
                    try await clock.sleep(for: settings.lookAtMoveEvery)
                    guard isWanted(move, situation) else {
                        try await hypervisor.abortMigration(of: situation.vm)
                        return false
                    }
                    try await publishProgress(situation, known)
                }
            }
            defer { group.cancelAll() }
            // One that was broken off still has to end.
            while try await group.next() == false {}
        }
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

    private func publishProgress(_ situation: GuestSituation, _ known: LatestClaim) async throws {
        guard let progress = try await hypervisor.migrationProgress(of: situation.vm),
            progress != known.value.value.move?.progress
        else { return }
        var claim = known.value.value
        claim.move?.progress = progress
        let result = try await transactions.update(
            situation.vm, claim, known: known.value, lease: situation.lease)
        if case .written(let revision) = result { known.note(claim, at: revision) }
    }

    /// The guest was shut down for its move.
    func handOver(
        _ move: GuestMove, _ arrival: Stored<Arrival>, _ situation: GuestSituation
    ) async throws -> Outcome {
        try await handOver(move, arrival, situation, try ownClaim(situation), nil)
    }

    /// - Parameter clients: the arrived guest's; nil for one that was shut down.
    private func handOver(
        _ move: GuestMove, _ arrival: Stored<Arrival>, _ situation: GuestSituation,
        _ known: Stored<ActualVM>, _ clients: [StorageClient]?
    ) async throws -> Outcome {
        guard let lease = arrival.lease else { return try await endMove("no lease", situation) }
        var claim = known.value
        claim.host = move.to
        claim.state = clients == nil ? .claimed : .running
        // A guest that starts anew is another incarnation, and the key is not made anew.
        claim.incarnation = clients == nil ? known.revision : known.incarnation
        claim.clients = clients ?? []
        claim.move = nil
        claim.cameFrom = move.drains ? view.me : nil
        claim.message = nil
        claim.since = clock.timestamp
        let result = try await patiently {
            try await transactions.handOver(
                situation.vm, claim, known: known,
                history: history(handing: claim, clients, move, situation),
                knownHistory: situation.history, arrival: arrival, lease: lease)
        }
        memory.state.withLock { state in
            state.moves[situation.vm] = nil
            state.shutdowns[situation.vm] = nil
            state.moveFailures[situation.vm] = nil
        }
        guard case .written = result else {
            log(situation).warning(
                "records changed before the claim was handed over", metadata: ["to": "\(move.to)"])
            return outcome(result, situation)
        }
        log(situation).info("claim handed over", metadata: ["to": "\(move.to)"])
        return outcome(result, situation)
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
    /// nothing where the first one did its work.
    private func patiently(
        _ write: () async throws -> WriteResult
    ) async throws -> WriteResult {
        for _ in 0..<5 {
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

    private func changed(_ known: Stored<ActualVM>) -> ActualVM {
        var claim = known.value
        claim.incarnation = known.incarnation
        return claim
    }

    // MARK: The target

    func answerMove(_ claim: Stored<ActualVM>, _ situation: GuestSituation) async throws -> Outcome {
        guard let move = claim.value.move else { return .settled }
        var arrival = Arrival(host: view.me, answers: move.id, uri: "")
        if let refusal = refusal(of: claim.value, situation) {
            arrival.refusal = "host \(view.me): \(refusal)"
        } else {
            arrival.uri = try await hypervisor.invitation(console: claim.value.console)
        }
        let result = try await transactions.answer(
            situation.vm, arrival, claim: claim, lease: situation.lease)
        if case .written = result {
            log(situation).info(
                "move answered",
                metadata: ["from": "\(claim.value.host)", "refusal": "\(arrival.refusal ?? "none")"])
        }
        return outcome(result, situation)
    }

    func withdrawAnswer(_ situation: GuestSituation) async throws -> Outcome {
        guard let arrival = situation.arrival else { return .settled }
        return outcome(
            try await transactions.withdrawAnswer(situation.vm, known: arrival), situation)
    }
}

/// The claim as this agent wrote it last, while it says how far a move is.
private final class LatestClaim: Sendable {
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
