import Synchronization

/// What the session's loop says of itself: each turn moves the instant by which the next is due.
///
/// `SessionService` calls ``turned(at:isProven:)`` whenever its loop goes round, whether etcd answers
/// or not; `WatchdogService` asks ``pulse(at:)`` and feeds the watchdogs on that word alone. No
/// timer beats for a loop that hangs.
public final class Heartbeat: Sendable {
    public typealias Instant = ContinuousClock.Instant

    public enum Pulse: Sendable, Equatable {
        /// The session was never proven since this agent started.
        case starting
        /// The loop goes round; its next turn is due before this instant.
        case turning(until: Instant, isProven: Bool)
        /// The loop hangs: its turn was due then.
        case overdue(since: Instant)
    }

    private struct State {
        var dueBy: Instant?
        var isProven = false
    }

    private let limit: Duration
    private let state = Mutex(State())
    private let proofs: AsyncStream<Void>
    private let prover: AsyncStream<Void>.Continuation

    /// - Parameter ttl: the lease's. No call of the loop's may take more than a third of it, so the
    ///   loop turns at least that often, and a little later on a busy machine.
    public init(ttl: Duration) {
        limit = ttl / 3 + max(ttl / 20, .milliseconds(100))
        (proofs, prover) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// The loop goes round.
    func turned(at now: Instant, isProven: Bool) {
        let isFirstProof = state.withLock { state in
            let isFirst = state.dueBy == nil && isProven
            if isFirst || state.dueBy != nil { state.dueBy = now + limit }
            state.isProven = isProven
            return isFirst
        }
        if isFirstProof { prover.finish() }
    }

    /// How the loop does.
    func pulse(at now: Instant) -> Pulse {
        state.withLock { state in
            guard let dueBy = state.dueBy else { return .starting }
            return now < dueBy
                ? .turning(until: dueBy, isProven: state.isProven) : .overdue(since: dueBy)
        }
    }

    /// Returns when the session was proven for the first time, or its task is cancelled.
    func firstProof() async {
        for await _ in proofs {}
    }
}
