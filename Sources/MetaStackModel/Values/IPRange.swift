/// Addresses from one to another, both among them: `10.0.0.10-10.0.0.99`.
public struct IPRange: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let first: IPAddress
    public let last: IPAddress

    /// - Throws: `ValidationError` where the first is behind the last, or of another family.
    public init(_ first: IPAddress, _ last: IPAddress) throws(ValidationError) {
        guard first.family == last.family else {
            throw ValidationError(
                subject: "range", found: "\(first)-\(last)",
                problem: "both ends must be IPv4, or both IPv6")
        }
        guard first <= last else {
            throw ValidationError(
                subject: "range", found: "\(first)-\(last)",
                problem: "it ends before it begins, did you mean \(last)-\(first)?")
        }
        self.first = first
        self.last = last
    }

    /// Reads `first-last`, or one address.
    public init(_ text: String) throws(ValidationError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count <= 2, let first = parts.first, let last = parts.last else {
            throw ValidationError(
                subject: "range", found: text, problem: "write it like 10.0.0.10-10.0.0.99")
        }
        let ends: (IPAddress, IPAddress)
        do throws(ValidationError) {
            ends = (try IPAddress(Self.trimmed(first)), try IPAddress(Self.trimmed(last)))
        } catch {
            throw ValidationError(subject: "range", found: text, problem: error.description)
        }
        try self.init(ends.0, ends.1)
    }

    /// From a first to a last address that are known to be in order.
    init(unchecked first: IPAddress, _ last: IPAddress) {
        assert(first <= last && first.family == last.family)
        self.first = first
        self.last = last
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    public var family: IPAddress.Family { first.family }

    /// How many addresses it has; 2^128 - 1 stands for one more, too.
    public var count: UInt128 {
        let (count, overflows) = (last.number - first.number).addingReportingOverflow(1)
        return overflows ? .max : count
    }

    public func contains(_ address: IPAddress) -> Bool {
        address.family == family && (first...last).contains(address)
    }

    public func overlaps(_ other: IPRange) -> Bool {
        contains(other.first) || other.contains(first)
    }

    /// What is left of it without one address: nothing, one range or two.
    public func without(_ address: IPAddress) -> [IPRange] {
        guard contains(address) else { return [self] }
        var left: [IPRange] = []
        if address > first {
            left.append(IPRange(unchecked: first, IPAddress(family, address.number - 1)))
        }
        if address < last {
            left.append(IPRange(unchecked: IPAddress(family, address.number + 1), last))
        }
        return left
    }

    public var description: String { first == last ? "\(first)" : "\(first)-\(last)" }

    public static func < (left: Self, right: Self) -> Bool {
        (left.first, left.last) < (right.first, right.last)
    }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
