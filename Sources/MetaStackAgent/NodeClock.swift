public import MetaStackModel

import Foundation

/// The agent's only source of time, so that tests can turn it by hand.
public protocol NodeClock: Sendable {
    /// Counts while the machine is suspended too (`CLOCK_BOOTTIME`); what leases are measured by.
    var now: ContinuousClock.Instant { get }
    /// For people; no decision rests on it.
    var timestamp: Timestamp { get }
    /// Returns at the instant, or throws `CancellationError` before.
    func sleep(until instant: ContinuousClock.Instant) async throws
}

extension NodeClock {
    func sleep(for duration: Duration) async throws { try await sleep(until: now + duration) }
}

/// The machine's own clocks.
public struct SystemClock: NodeClock {
    public init() {}

    public var now: ContinuousClock.Instant { .now }

    public var timestamp: Timestamp { Timestamp(Date()) }

    public func sleep(until instant: ContinuousClock.Instant) async throws {
        try await Task.sleep(until: instant, clock: .continuous)
    }
}
