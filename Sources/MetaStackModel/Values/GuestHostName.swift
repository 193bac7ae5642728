/// A name that a guest's operating system takes for its own (RFC 1123, and Linux's 64 bytes).
public struct GuestHostName: Hashable, Sendable, Codable, CustomStringConvertible {
    public let text: String

    /// Parts of letters, digits and `-`, between dots; none begins or ends with `-`.
    ///
    /// - Throws: `ValidationError` that says what is not allowed.
    public init(_ text: String) throws(ValidationError) {
        func refused(_ problem: String) -> ValidationError {
            ValidationError(subject: "host name", found: text, problem: problem)
        }
        guard !text.isEmpty else { throw refused("it is empty") }
        guard text.utf8.count <= 64 else {
            throw refused("it has \(text.utf8.count) characters, at most 64 are allowed")
        }
        for part in text.split(separator: ".", omittingEmptySubsequences: false) {
            guard !part.isEmpty else { throw refused("a part between dots is empty") }
            guard part.utf8.allSatisfy({ Self.isLetterOrDigit($0) || $0 == UInt8(ascii: "-") })
            else { throw refused("use letters, digits and '-', and dots between its parts") }
            guard !part.hasPrefix("-"), !part.hasSuffix("-") else {
                throw refused("no part may begin or end with '-'")
            }
        }
        self.text = text
    }

    /// The host name of a VM that asks for none: its own name, with `-` for what a host name cannot have.
    public init(of vm: ResourceName) {
        let parts = vm.text.split(separator: ".").map { part in
            String(part.map { $0 == "_" ? "-" : $0 }.trimmed { $0 == "-" })
        }
        let name = parts.filter { !$0.isEmpty }.joined(separator: ".")
        text = name.isEmpty ? "guest" : name
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }

    public var description: String { text }

    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(text)
    }
}

extension [Character] {
    fileprivate func trimmed(_ isDropped: (Character) -> Bool) -> Self {
        Self(drop(while: isDropped).reversed().drop(while: isDropped).reversed())
    }
}
