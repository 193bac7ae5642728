import FoundationEssentials
import Libvirt

extension MetadataElement {
    /// An element as the agent writes it.
    static func example(_ attributes: [String: String] = [:], text: String = "") -> MetadataElement
    {
        MetadataElement(
            namespace: "https://metastack.example/guest/1", prefix: "ms", name: "guest",
            attributes: attributes, text: text)
    }
}

extension DomainDescription {
    /// A domain for the test driver, which takes any but checks its XML.
    static func example(_ name: String = "example") -> DomainDescription {
        DomainDescription(
            name: "\(name)-\(UUID().uuidString.prefix(8))", uuid: UUID(), type: .test,
            memoryBytes: 64 << 20, vcpus: 1)
    }
}

/// Strings of all kinds from a seed, so that a failure can be seen again.
struct StringGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// splitmix64.
    private mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    /// Up to 24 scalars: markup, white space, controls, and anything in Unicode.
    mutating func string() -> String {
        let favourites = Array(
            "<>&\"'\t\n\r ]]>-- \u{0}\u{1}\u{7F}\u{85}\u{FFFE}\u{2028}é🙂".unicodeScalars)
        var text = String.UnicodeScalarView()
        for _ in 0..<next() % 25 {
            if next() % 2 == 0 {
                text.append(favourites[Int(next() % UInt64(favourites.count))])
            } else if let scalar = Unicode.Scalar(UInt32(next() % 0x110000)) {
                text.append(scalar)
            }
        }
        return String(text)
    }
}
