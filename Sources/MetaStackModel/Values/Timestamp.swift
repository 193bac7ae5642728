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

    /// Reads RFC 3339; nil where the text is no time.
    public init?(_ text: String) {
        if let milliseconds = Self.milliseconds(ofOwn: text) {
            self.init(milliseconds: milliseconds)
        } else if let date = try? Date(text, strategy: Self.style) {  // nil is the answer then.
            self.init(date)
        } else {
            return nil
        }
    }

    /// Reads what ``description`` writes; nil for all else. Lists hold tens of thousands of moments,
    /// and Foundation takes 20 times as long for one.
    private static func milliseconds(ofOwn text: String) -> Int64? {
        let pattern: StaticString = "0000-00-00T00:00:00.000Z"
        var numbers: [Int64] = []
        var current: Int64 = 0
        var isOwn = text.utf8.count == pattern.utf8CodeUnitCount
        for (place, byte) in text.utf8.enumerated() where isOwn {
            let expected = pattern.utf8Start[place]
            if expected == UInt8(ascii: "0") {
                let digit = Int64(byte) - 48
                isOwn = (0...9).contains(digit)
                current = current * 10 + digit
            } else {
                isOwn = byte == expected
                numbers.append(current)
                current = 0
            }
        }
        guard isOwn, numbers.count == 7, (1...12).contains(numbers[1]),
            (1...28).contains(numbers[2]), numbers[3] < 24, numbers[4] < 60, numbers[5] < 60
        else { return nil }
        let days = daysSince1970(numbers[0], numbers[1], numbers[2])
        let seconds = ((days * 24 + numbers[3]) * 60 + numbers[4]) * 60 + numbers[5]
        return seconds * 1000 + numbers[6]
    }

    /// Days from 1970-01-01 in the Gregorian calendar, whose years are taken to begin in March, so
    /// that a leap day is a year's last.
    private static func daysSince1970(_ year: Int64, _ month: Int64, _ day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = year / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
            - 719_468
    }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let moment = Timestamp(text) else {
            throw ValidationError(
                subject: "time", found: text, problem: "write it like 2026-11-21T10:00:00.123Z")
        }
        self = moment
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
