/// How guests are made: the section `libvirt`.
public struct LibvirtSettings: Sendable, Equatable {
    /// Who runs a guest's instructions.
    public enum DomainType: String, Sendable, CaseIterable {
        /// KVM where a guest really ran under it, else QEMU's emulation.
        case auto
        case kvm
        /// QEMU's emulation, slow and available everywhere.
        case qemu
    }

    /// libvirt's connection URI (`virConnectOpen`).
    public var uri = "qemu:///system"
    public var domainType = DomainType.auto
    /// The folder for the guests' serial consoles, one file a guest.
    public var consoleDirectory = "/var/log/metastack/console"

    /// Where other hosts' libvirt sends guests that move here, with `ADDRESS` for this host's first
    /// address: `qemu+tls://ADDRESS/system` in earnest, `qemu+tcp://ADDRESS/system` in a closed network.
    public var migrationURI = "qemu+tls://ADDRESS/system"

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        uri = reader.value("libvirt", "uri", default: uri, Self.uri)
        domainType = reader.value(
            "libvirt", "domain-type", default: domainType, SettingText.choice)
        consoleDirectory = reader.value(
            "libvirt", "console-directory", default: consoleDirectory, SettingText.path)
        migrationURI = reader.value("libvirt", "migration-uri", default: migrationURI, Self.uri)
    }

    private static func uri(_ text: String) throws(ValidationError) -> String {
        let word = try SettingText.word(text)
        guard let colon = word.firstRange(of: "://"), !word[..<colon.lowerBound].isEmpty else {
            throw SettingText.refuse("uri", text, "write it like qemu:///system")
        }
        return word
    }
}
