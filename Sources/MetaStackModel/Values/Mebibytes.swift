/// An amount of memory or disk in MiB (2^20 bytes), the unit of the published schema.
///
/// In JSON it is a number of MiB; a text with a unit (`512MiB`, `4GiB`, `1TiB`) is read too.
/// Amounts are never negative and at most 1 EiB, so that sums over a fleet cannot overflow.
public struct Mebibytes: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    /// How many MiB.
    public let count: Int

    public static let zero = Mebibytes(unchecked: 0)
    static let maximum = 1 << 40

    private init(unchecked count: Int) { self.count = count }

    /// - Throws: `ValidationError` for a negative or absurd amount.
    public init(_ count: Int) throws(ValidationError) {
        guard count >= 0, count <= Self.maximum else {
            throw ValidationError(
                subject: "amount", found: "\(count)",
                problem: "it must be between 0 and \(Self.maximum) MiB")
        }
        self.count = count
    }

    /// Reads `512`, `512MiB`, `4GiB` or `1TiB`; a number without a unit is MiB.
    ///
    /// - Throws: `ValidationError` where it is no such text.
    public init(text: String) throws(ValidationError) {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let factors = [
            "": 1, "M": 1, "MiB": 1, "G": 1 << 10, "GiB": 1 << 10, "T": 1 << 20, "TiB": 1 << 20,
        ]
        let unit = text.dropFirst(digits.count).drop { $0 == " " }
        guard let amount = Int(digits), let factor = factors[String(unit)] else {
            throw ValidationError(
                subject: "amount", found: text, problem: "write it like 512MiB, 4GiB or 1TiB")
        }
        let (product, overflow) = amount.multipliedReportingOverflow(by: factor)
        try self.init(overflow ? -1 : product)
    }

    /// The amount that holds so many bytes, rounded up to a whole MiB.
    public init(bytes: Int64) {
        let whole = Int(max(0, bytes) >> 20)
        count = min(bytes > Int64(whole) << 20 ? whole + 1 : whole, Self.maximum)
    }

    /// The same amount in bytes.
    public var bytes: Int64 { Int64(count) << 20 }

    public static func < (left: Self, right: Self) -> Bool { left.count < right.count }

    /// The sum, held at the maximum.
    public static func + (left: Self, right: Self) -> Self {
        Self(unchecked: min(left.count + right.count, maximum))
    }

    /// The difference, held at zero: what is left of too little is nothing.
    public static func - (left: Self, right: Self) -> Self {
        Self(unchecked: max(left.count - right.count, 0))
    }

    public var description: String { "\(count) MiB" }

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let number = try? container.decode(Int.self) {  // A text is tried next.
            try self.init(number)
        } else {
            try self.init(text: container.decode(String.self))
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(count)
    }
}
