/// What an IP packet carries (IANA's protocol numbers), or anything.
public enum IPProtocol: Hashable, Sendable, Codable, CustomStringConvertible {
    case any
    case tcp
    case udp
    case icmp
    case icmpv6
    /// One that has no word here.
    case number(UInt8)

    private static let words: [String: IPProtocol] = [
        "any": .any, "tcp": .tcp, "udp": .udp, "icmp": .icmp, "icmpv6": .icmpv6,
    ]

    /// Reads a word, or a number from 1 to 255.
    ///
    /// - Throws: `ValidationError`.
    public init(_ text: String) throws(ValidationError) {
        if let known = Self.words[text.lowercased()] {
            self = known
        } else if let number = UInt8(text), number > 0 {
            self = Self.words.values.first { $0.number == number } ?? .number(number)
        } else {
            throw ValidationError(
                subject: "protocol", found: text,
                problem: "use any, tcp, udp, icmp, icmpv6 or a number from 1 to 255")
        }
    }

    /// As it stands in a packet; nil for any.
    public var number: UInt8? {
        switch self {
        case .any: nil
        case .tcp: 6
        case .udp: 17
        case .icmp: 1
        case .icmpv6: 58
        case .number(let number): number
        }
    }

    public var description: String {
        switch self {
        case .any: "any"
        case .tcp: "tcp"
        case .udp: "udp"
        case .icmp: "icmp"
        case .icmpv6: "icmpv6"
        case .number(let number): "\(number)"
        }
    }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.textOrNumber())
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

extension Decoder {
    /// A text, or a whole number as text: people write `ports: 80` without quotes.
    func textOrNumber() throws -> String {
        let value = try singleValueContainer()
        if let number = try? value.decode(Int64.self) { return "\(number)" }  // Else it is a text.
        return try value.decode(String.self)
    }
}
