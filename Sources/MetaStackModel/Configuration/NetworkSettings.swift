/// What guests' NICs hang on: the section `network`.
public struct NetworkSettings: Sendable, Equatable {
    /// A bridge of the host, as `ip link` names it.
    public var bridge = "br0"

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        bridge = reader.value("network", "bridge", default: bridge, Self.bridge)
    }

    /// The kernel's rule for interface names (`dev_valid_name`), and printable ASCII only.
    private static func bridge(_ text: String) throws(ValidationError) -> String {
        let isAllowed = { (byte: UInt8) in
            byte > 0x20 && byte < 0x7f && byte != UInt8(ascii: "/") && byte != UInt8(ascii: ":")
        }
        guard (1...15).contains(text.utf8.count), text.utf8.allSatisfy(isAllowed), text != ".",
            text != ".."
        else {
            throw SettingText.refuse(
                "bridge", text,
                "an interface's name has 1 to 15 characters, no '/', no ':' and no blanks")
        }
        return text
    }
}
