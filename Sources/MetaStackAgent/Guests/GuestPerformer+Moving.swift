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
        noteFailure("not moved to host \(move.to): \(reason)", move, situation.vm)
        var claim = changed(known)
        claim.move = nil
        let result = try await transactions.update(
            situation.vm, claim, known: known, lease: situation.lease)
        if case .written = result {
            log(situation).warning(
                "move ended", metadata: ["to": "\(move.to)", "reason": "\(reason)"])
        }
        return outcome(result, situation)
    }

    private func noteFailure(_ text: String, _ move: GuestMove, _ vm: VMID) {
        let now = clock.now
        memory.state.withLock { state in
            state.moves[vm] = nil
            let before = state.moveFailures[vm]?.times ?? 0
            let delay = min(settings.moveAgainAfter * (1 << min(before, 16)), .seconds(600))
            state.moveFailures[vm] = MoveFailure(
                text: text, host: move.to, order: move.order, times: before + 1,
                until: now + delay)
        }
    }

    /// Sends the guest's memory, then the claim. Until the claim is the target's the guest stands
    /// there, and nothing of it was written.
    private func migrate(
        _ move: GuestMove, _ arrival: Stored<Arrival>, _ situation: GuestSituation
    ) async throws -> Outcome {
        let volumes = situation.writtenDisks
        let before = try await writers(of: volumes)
        let known = LatestClaim(try ownClaim(situation))
        do {
            try await sendMemory(to: arrival, move, situation, known)
        } catch {
            try Task.checkCancellation()
            // Somebody else's by now: the rules end what is left here.
            guard view.cluster.actualVMs[situation.vm]?.incarnation == situation.claim?.incarnation
            else { return .acted }
            guard try await hypervisor.domain(of: situation.vm) == nil else {
                var now = situation
                now.claim = known.value
                let isExpected = answer(to: move, of: situation.vm) != nil
                return try await endMove(
                    isExpected ? "\(error)" : "host \(move.to) does not wait for it any more", now)
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
        return try await handOver(
            move, Handover(claim: known.value, history: situation.history, arrival: arrival),
            situation, clients.sorted())
    }

    private func changed(_ known: Stored<ActualVM>) -> ActualVM {
        var claim = known.value
        claim.incarnation = known.incarnation
        return claim
    }

    // MARK: The target

    func answerMove(_ claim: Stored<ActualVM>, _ situation: GuestSituation) async throws -> Outcome
    {
        guard let move = claim.value.move else { return .settled }
        var arrival = Arrival(host: view.me, answers: move.id, uri: "")
        if let refusal = refusal(of: claim.value, situation) {
            arrival.refusal = "host \(view.me): \(refusal)"
        } else {
            do {
                try await networkPlaces(for: claim.value.nics)
                view.change { $0.forgetExit(of: situation.vm) }
                arrival.uri = try await hypervisor.invitation(console: claim.value.console)
            } catch let error as GuestStepError {
                arrival.refusal = "host \(view.me): \(error)"
            }
        }
        let result = try await transactions.answer(
            situation.vm, arrival, claim: claim, lease: situation.lease)
        if case .written = result {
            log(situation).info(
                "move answered",
                metadata: [
                    "from": "\(claim.value.host)", "refusal": "\(arrival.refusal ?? "none")",
                ])
        }
        return outcome(result, situation)
    }

    func withdrawAnswer(_ situation: GuestSituation) async throws -> Outcome {
        guard let arrival = situation.arrival else { return .settled }
        return outcome(
            try await transactions.withdrawAnswer(situation.vm, known: arrival), situation)
    }
}
