import Foundation
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// What becomes of a guest that is here, and what is said of it.
extension GuestPerformer {
    /// An evicted guest never writes again and starts anew; one that was not may try again when the
    /// storage is back.
    func examineWriteError(_ situation: GuestSituation) async throws -> Outcome {
        let claim = try ownClaim(situation)
        let vm = situation.vm
        let evicted = try await storage.evicted(among: claim.value.clients)
        guard evicted.isEmpty else {
            let reason = "its storage clients were evicted"
            _ = try await destroy(situation, reason)
            var ended = situation
            ended.exit = .crashed(reason: reason)
            return try await noteExit(.crashed(reason: reason), ended)
        }
        let message = "the guest stopped at a write error of its disk and tries again"
        if claim.value.state != .paused || claim.value.message != message {
            return try await report(.paused, message, situation)
        }
        let now = clock.now
        let due = memory.state.withLock { state in
            let due = state.triedAgainAt[vm].map { $0 + settings.resumeAgainAfter } ?? now
            if due <= now { state.triedAgainAt[vm] = now }
            return due
        }
        guard due <= now else { return .again(after: now.duration(to: due)) }
        log(situation).info("guest stopped at a write error tries again")
        return try await resume(situation)
    }

    func resume(_ situation: GuestSituation) async throws -> Outcome {
        // The view may be old where the node was cut off: the claim is read past it.
        let claim = try ownClaim(situation)
        guard try await store.read(.actualVM(situation.vm))?.revision == claim.revision else {
            return .again(after: .milliseconds(20))
        }
        // One that was claimed again in place, or has come from another host. What is only on record
        // keeps no guest from going on.
        let ends = Set(situation.domain?.nics.map(\.interface) ?? [])
        try await networkPlaces(
            for: claim.value.guestNICs(of: situation.vm).filter {
                $0.interface.map(ends.contains) == true
            })
        guard isProven(situation) else { return .settled }
        try await hypervisor.resume(situation.vm)
        log(situation).info("guest resumed")
        return .acted
    }

    /// An agent that was stopped while it waited for an answer may hold it long after its lease: the
    /// guest stays paused then, until a new session has found out whose it is.
    func isProven(_ situation: GuestSituation) -> Bool {
        view.provenLease(at: clock.now) == situation.lease
    }

    /// - Parameter history: what is put on record with it; nil for nothing.
    func report(
        _ state: ActualVM.State, _ message: String?, _ situation: GuestSituation,
        history: VMHistory? = nil
    ) async throws -> Outcome {
        let known = try ownClaim(situation)
        var claim = known.value
        if claim.state != state { claim.since = clock.timestamp }
        claim.state = state
        claim.message = message
        claim.incarnation = known.incarnation
        claim.desiredRevision = situation.desired?.revision
        let result =
            if let history {
                try await transactions.update(
                    situation.vm, claim, known: known, history: history,
                    knownHistory: situation.history, lease: situation.lease)
            } else {
                try await transactions.update(
                    situation.vm, claim, known: known, lease: situation.lease)
            }
        if case .written = result {
            log(situation).info("state published", metadata: ["state": "\(state.rawValue)"])
        }
        return outcome(result, situation)
    }
}
