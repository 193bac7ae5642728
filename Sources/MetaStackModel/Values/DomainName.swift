/// A DNS domain, such as `example.org`, in lower case and without a dot at its end (RFC 1123).
public struct DomainName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let text: String

    /// - Throws: `ValidationError` that says what is not allowed.
    public init(_ text: String) throws(ValidationError) {
        let name = (text.hasSuffix(".") ? String(text.dropLast()) : text).lowercased()
        if let problem = Self.problem(with: name) {
            throw ValidationError(subject: "domain", found: text, problem: problem)
        }
        self.text = name
    }

    private static func problem(with name: String) -> String? {
        if name.isEmpty { return "it is empty" }
        if name.utf8.count > 253 { return "it is longer than 253 characters" }
        for part in name.split(separator: ".", omittingEmptySubsequences: false) {
            if part.isEmpty { return "a part between dots is empty" }
            if part.utf8.count > 63 { return "a part between dots is longer than 63 characters" }
            guard part.utf8.allSatisfy(isAllowed) else {
                return "use letters, digits and '-', and dots between its parts"
            }
            if part.hasPrefix("-") || part.hasSuffix("-") {
                return "no part may begin or end with '-'"
            }
        }
        return nil
    }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }

    public var description: String { text }

    public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}
