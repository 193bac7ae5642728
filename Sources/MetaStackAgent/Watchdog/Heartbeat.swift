import Synchronization

/// What the loops say of themselves that keep the session and guard the guests: each turn moves the
/// instant by which the loop's next is due.
///
/// `SessionService` and `GuestGuard` call ``turned(_:at:)`` whenever their loop goes round, whether
/// etcd answers or not; `WatchdogService` asks ``pulse(at:)`` and feeds the watchdogs on that word
/// alone. No timer beats for a loop that hangs.
public final class Heartbeat: Sendable {
    public typealias Instant = ContinuousClock.Instant

    public enum Pulse: Sendable, Equatable {
        /// The session was never proven since this agent started.
        case starting
        /// The loops go round; the next turn is due before this instant.
        case turning(until: Instant, isProven: Bool)
        /// A loop hangs: its turn was due then.
        case overdue(since: Instant)
    }

    /// A loop without which guests might run on when they must not.
    enum Loop: Hashable {
        /// Renews the lease.
        case session
        /// Suspends the guests of a session that is at its end.
        case guests
    }

    private struct State {
        var dueBy: [Loop: Instant] = [:]
        /// Whether the session was proven once.
        var isStarted = false
        var isProven = false
        var provenUntil: Instant?
    }

    private let limit: Duration
    private let state = Mutex(State())
    private let proofs: AsyncStream<Void>
    private let prover: AsyncStream<Void>.Continuation

    /// - Parameter ttl: the lease's. No call of a loop's may take more than a third of it, so that it
    ///   turns at least that often, and a little later on a busy machine.
    public init(ttl: Duration) {
        limit = ttl / 3 + max(ttl / 20, .milliseconds(100))
        (proofs, prover) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// When the session is no more to be relied on unless it is renewed; nil where there is none.
    public var provenUntil: Instant? { state.withLock(\.provenUntil) }

    /// The session was renewed, or ended.
    func proven(until instant: Instant?) { state.withLock { $0.provenUntil = instant } }

    /// A loop goes round.
    func turned(_ loop: Loop, at now: Instant) {
        state.withLock { $0.dueBy[loop] = now + limit }
    }

    /// The session's loop goes round, and knows whether the session is proven.
    func turned(_ loop: Loop, at now: Instant, isProven: Bool) {
        turned(loop, at: now)
        let isFirstProof = state.withLock { state in
            state.isProven = isProven
            defer { state.isStarted = state.isStarted || isProven }
            return isProven && !state.isStarted
        }
        if isFirstProof { prover.finish() }
    }

    /// How the loops do.
    public func pulse(at now: Instant) -> Pulse {
        state.withLock { state in
            guard state.isStarted, let dueBy = state.dueBy.values.min() else { return .starting }
            return now < dueBy
                ? .turning(until: dueBy, isProven: state.isProven) : .overdue(since: dueBy)
        }
    }

    /// Returns when the session was proven for the first time, or its task is cancelled.
    func firstProof() async {
        for await _ in proofs {}
    }
}
