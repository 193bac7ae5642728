/// An instant of virtual time, as somebody outside of all machines would read it.
public struct Moment: Comparable, Hashable, Sendable, CustomStringConvertible {
    /// Since the simulation began.
    public var nanoseconds: Int64

    public static let start = Moment(nanoseconds: 0)

    public static func < (left: Self, right: Self) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    public static func + (moment: Self, duration: Duration) -> Self {
        Moment(nanoseconds: moment.nanoseconds + duration.nanoseconds)
    }

    public static func - (later: Self, earlier: Self) -> Duration {
        .nanoseconds(later.nanoseconds - earlier.nanoseconds)
    }

    /// Seconds with six digits behind the point.
    public var description: String {
        let micros = nanoseconds / 1000
        let fraction = String(1_000_000 + micros % 1_000_000).dropFirst()
        let seconds = String(micros / 1_000_000)
        return String(repeating: " ", count: max(0, 4 - seconds.count)) + seconds + "." + fraction
    }
}

extension Duration {
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
