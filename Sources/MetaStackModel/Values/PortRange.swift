/// Ports of TCP or UDP: `80`, or `8000-8100`.
public struct PortRange: Hashable, Sendable, Codable, CustomStringConvertible {
    public let first: UInt16
    public let last: UInt16

    /// - Throws: `ValidationError` for what are no ports from 1 to 65535, in order.
    public init(_ text: String) throws(ValidationError) {
        let parts = text.split(separator: "-", omittingEmptySubsequences: false)
        let ports = parts.compactMap { UInt16($0) }
        guard (1...2).contains(parts.count), ports.count == parts.count,
            let first = ports.first, let last = ports.last, first > 0, first <= last
        else {
            throw ValidationError(
                subject: "ports", found: text,
                problem: "write one port or a range, like 80 or 8000-8100, from 1 to 65535")
        }
        self.first = first
        self.last = last
    }

    public var description: String { first == last ? "\(first)" : "\(first)-\(last)" }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.textOrNumber())
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
