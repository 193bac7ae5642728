public import MetaStackAgent
public import MetaStackModel

/// A clock that runs faster than the machine's, for rules that take minutes.
///
/// etcd's own clock does not: give the agents a lease that is so much longer, too.
public struct FastClock: NodeClock {
    private let clock = SystemClock()
    private let start: ContinuousClock.Instant
    private let factor: Int

    /// - Parameter factor: how many of its seconds are one of the machine's.
    public init(times factor: Int) {
        start = clock.now
        self.factor = factor
    }

    public var now: ContinuousClock.Instant { start + start.duration(to: clock.now) * factor }

    public var timestamp: Timestamp { clock.timestamp }

    public func sleep(until instant: ContinuousClock.Instant) async throws {
        try await clock.sleep(until: start + start.duration(to: instant) / factor)
    }
}
