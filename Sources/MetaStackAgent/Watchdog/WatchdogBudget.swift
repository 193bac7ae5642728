import MetaStackDecisions

/// How the lease's TTL divides, so that a stalled agent's guests stand still before others may run
/// them.
///
/// An agent that stalls was proven at most one renewal before. From then the others wait the TTL; the
/// guests have to be suspended one margin earlier, as the agent itself would have done:
///
///     renewal + time-out + fence = TTL - margin
public struct WatchdogBudget: Sendable, Equatable {
    public let ttl: Duration

    public init(ttl: Duration) { self.ttl = ttl }

    /// How much earlier than etcd a node stops believing in its lease.
    var margin: Duration { SessionMachine(ttl: ttl).margin }

    /// How old the last proof can be when an agent stalls whose etcd answers.
    var renewal: Duration { ttl / 3 }

    /// What suspending all guests from outside may take.
    public var fence: Duration { SessionMachine(ttl: ttl).suspensionLimit }

    /// After how long a silence the service manager has to act: 1.83 s for a TTL of 5 s.
    public var timeout: Duration { ttl - margin - renewal - fence }

    /// How long guests may run on whose agent has ended: the fence must be over one margin before
    /// others may run them.
    ///
    /// - Parameter provenUntil: when the session was no more to be relied on; nil where there was none.
    ///   Then its guests stand still already, or no member of etcd had a leader: a lease that lives on
    ///   after that lives for its whole TTL.
    public func fenceDelay(
        provenUntil: ContinuousClock.Instant?, at now: ContinuousClock.Instant
    ) -> Duration {
        let end = provenUntil.flatMap { $0 > now ? $0 : nil } ?? now + ttl - margin
        return max(.zero, now.duration(to: end) - fence)
    }

    /// The hardware's time-out. It comes after the gentler ways, and a reset needs no time of its
    /// own; the kernel takes whole seconds, 1 at least.
    public var deviceTimeout: Duration {
        .seconds(max(1, (ttl - renewal).components.seconds))
    }
}
