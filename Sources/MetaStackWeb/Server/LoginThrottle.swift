import Synchronization

/// Slows down whoever tries tokens: after ``mostFailures`` within a ``window`` an address is refused
/// until the window is over.
///
/// A wrong token costs a look into a dictionary, so this guards no processor; it makes a search
/// visible and hopeless.
final class LoginThrottle: Sendable {
    static let mostFailures = 10
    static let window = Duration.seconds(60)
    /// Beyond so many addresses the oldest are forgotten.
    private static let mostAddresses = 10_000

    private struct Failures {
        var count: Int
        var since: ContinuousClock.Instant
    }

    private let failures = Mutex<[String: Failures]>([:])

    /// How long the address has to wait; nil where it may try.
    func wait(_ address: String, at now: ContinuousClock.Instant) -> Duration? {
        failures.withLock { failures in
            guard let found = failures[address], found.count >= Self.mostFailures else {
                return nil
            }
            let left = now.duration(to: found.since + Self.window)
            if left > .zero { return left }
            failures[address] = nil
            return nil
        }
    }

    func failed(_ address: String, at now: ContinuousClock.Instant) {
        failures.withLock { failures in
            if let found = failures[address], found.since.duration(to: now) < Self.window {
                failures[address]?.count += 1
                return
            }
            if failures.count >= Self.mostAddresses {
                let oldest = failures.min { $0.value.since < $1.value.since }?.key
                if let oldest { failures[oldest] = nil }
            }
            failures[address] = Failures(count: 1, since: now)
        }
    }
}
