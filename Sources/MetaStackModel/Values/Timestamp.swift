public import Foundation

/// A moment on the wall clock, in milliseconds since 1970, written as RFC 3339 in UTC.
///
/// For people. Nothing that must not go wrong rests on it, since clocks of two hosts never agree; how often
/// VMs are moved to share load does.
public struct Timestamp: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public let milliseconds: Int64

    public init(milliseconds: Int64) { self.milliseconds = milliseconds }

    public init(_ date: Date) {
        milliseconds = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    /// The same moment for Foundation.
    public var date: Date { Date(timeIntervalSince1970: Double(milliseconds) / 1000) }

    public static func < (left: Self, right: Self) -> Bool {
        left.milliseconds < right.milliseconds
    }

    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let wholeSeconds = Date.ISO8601FormatStyle()

    /// For example `2026-11-21T10:00:00.123Z`.
    ///
    /// The milliseconds are written from the whole number: a `Date` is a floating-point number of
    /// seconds, and formatting cuts .123 to .122 where it lies a hair below.
    public var description: String {
        let (seconds, fraction) = milliseconds.quotientFloored(by: 1000)
        let second = Date(timeIntervalSince1970: Double(seconds)).formatted(Self.wholeSeconds)
        return second.dropLast() + "." + String(1000 + fraction).dropFirst() + "Z"
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        do {
            self.init(try Date(text, strategy: Self.style))
        } catch {
            throw ValidationError(
                subject: "time", found: text, problem: "write it like 2026-11-21T10:00:00.123Z")
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Int64 {
    /// The quotient rounded down and the remainder that is never negative.
    fileprivate func quotientFloored(by divisor: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = quotientAndRemainder(dividingBy: divisor)
        return remainder < 0 ? (quotient - 1, remainder + divisor) : (quotient, remainder)
    }
}
