/// What may reach libvirt: everything else is refused before anything is tried.
///
/// libxml2 escapes markup; these checks keep out what XML cannot hold, and what libvirt, QEMU or
/// the kernel would take for something else.
enum Validation {
    /// The name of a domain: also a file name, hence no `/` and a length that leaves room.
    static func name(_ value: String) throws {
        try text(value, "domain name")
        try require(!value.isEmpty, value, "domain name", "is empty")
        try require(value.utf8.count <= 200, value, "domain name", "is longer than 200 bytes")
        try require(!value.contains("/"), value, "domain name", "contains a /")
        try require(!value.hasPrefix("."), value, "domain name", "begins with a dot")
        try require(
            value.contains { !$0.isWhitespace }, value, "domain name", "is nothing but spaces")
    }

    /// Text on one line.
    static func text(_ value: String, _ what: String) throws {
        try expressible(value, what)
        let hasControl = value.unicodeScalars.contains { $0.properties.generalCategory == .control }
        try require(!hasControl, value, what, "contains a control character")
    }

    /// Text that XML 1.0 can hold (production `Char`).
    static func expressible(_ value: String, _ what: String) throws {
        let isExpressible = value.unicodeScalars.allSatisfy { scalar in
            switch scalar.value {
            case 0x9, 0xA, 0xD, 0x20...0xD7FF, 0xE000...0xFFFD, 0x10000...0x10FFFF: true
            default: false
            }
        }
        try require(isExpressible, value, what, "contains a character that XML cannot hold")
    }

    static func path(_ value: String, _ what: String) throws {
        try text(value, what)
        try require(value.hasPrefix("/"), value, what, "is no absolute path")
    }

    /// A pool, image, user or host: libvirt joins them with `/`, `:` and `@`.
    static func part(_ value: String, _ what: String) throws {
        try text(value, what)
        try require(!value.isEmpty, value, what, "is empty")
        let isPlain = !value.contains { "/:@;,\\\"' ".contains($0) }
        try require(isPlain, value, what, "contains one of / : @ ; , \\ \" ' or a space")
    }

    /// The name of a network interface: the kernel takes 15 bytes.
    static func interface(_ value: String, _ what: String) throws {
        let isPlain = value.utf8.allSatisfy { byte in
            isLetterOrDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: "_")
                || byte == UInt8(ascii: ".")
        }
        try require(
            isPlain && (1...15).contains(value.utf8.count) && value != "." && value != "..", value,
            what, "is not 1 to 15 letters, digits, - _ or .")
    }

    /// The name of an XML element, attribute or prefix, of the plain kind.
    static func xmlName(_ value: String, _ what: String) throws {
        let bytes = Array(value.utf8)
        let isPlain = bytes.allSatisfy { isLetterOrDigit($0) || $0 == 0x2D || $0 == 0x5F }
        try require(
            isPlain && bytes.first.map { isLetter($0) } == true, value, what,
            "is not letters, digits, - and _ after a letter")
    }

    static func require(
        _ condition: Bool, _ value: String, _ what: String, _ reason: String
    ) throws {
        guard !condition else { return }
        throw LibvirtError(
            code: .invalidValue, message: "the value \(value.debugDescription) \(reason)",
            attempt: Attempt("accept", what))
    }

    static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        isLetter(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}
