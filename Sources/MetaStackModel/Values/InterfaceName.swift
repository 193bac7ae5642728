/// A network interface of a host, as `ip link` names it: a bridge, or an uplink.
public struct InterfaceName: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let text: String

    /// - Throws: `ValidationError` for what the kernel takes for no name.
    public init(_ text: String) throws(ValidationError) {
        if let problem = Self.problem(with: text) {
            throw ValidationError(subject: "interface", found: text, problem: problem)
        }
        self.text = text
    }

    /// The kernel's rule for interface names (`dev_valid_name`), and printable ASCII only.
    static func problem(with text: String) -> String? {
        let isAllowed = { (byte: UInt8) in
            byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "/") && byte != UInt8(ascii: ":")
        }
        guard (1...15).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed), text != ".",
            text != ".."
        else {
            return "an interface's name has 1 to 15 characters, no '/', no ':' and no blanks"
        }
        return nil
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
