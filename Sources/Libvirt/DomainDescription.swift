public import FoundationEssentials

/// What a domain is to be: typed values that become libvirt's domain XML.
///
/// The defaults are for a server that boots from its first disk and talks on its serial port: disks
/// stop the guest on an error, so that an evicted guest freezes where it stands; a guest that
/// powers off or crashes is gone, and one that restarts goes on.
public struct DomainDescription: Sendable, Equatable {
    /// Unique on the host, 200 bytes at most, no `/`, no control characters.
    public var name: String
    public var uuid: UUID
    /// One line for people, empty for none.
    public var title = ""
    public var type: DomainType
    /// What the guest gets, in bytes; libvirt rounds it up to KiB.
    public var memoryBytes: Int
    public var vcpus: Int
    /// QEMU's machine type.
    public var machine = "q35"
    public var cpu: CPU
    public var disks: [Disk] = []
    public var nics: [NIC] = []
    /// How many devices can be plugged in while the guest runs. libvirt leaves one slot by itself; each
    /// further one is a port that the guest finds at its boot (`q35` alone has such).
    public var spareSlots = 1
    /// The serial port, nil for none.
    public var console: SerialConsole? = SerialConsole()
    public var graphics: Graphics?
    /// A virtio random number source, fed from `/dev/urandom`.
    public var hasRandomSource = true
    /// A virtio balloon, which lets the host see and change what the guest uses.
    public var hasMemoryBalloon = true
    /// Elements for the program's own use; one a namespace.
    public var metadata: [MetadataElement] = []

    /// - Parameter cpu: nil for what suits the type: the host's model under KVM, else QEMU's own.
    public init(
        name: String, uuid: UUID, type: DomainType, memoryBytes: Int, vcpus: Int, cpu: CPU? = nil
    ) {
        self.name = name
        self.uuid = uuid
        self.type = type
        self.memoryBytes = memoryBytes
        self.vcpus = vcpus
        self.cpu = cpu ?? (type == .kvm ? .hostModel : .hypervisorDefault)
    }

    /// What runs the guest's instructions: the `type` of libvirt's `<domain>`.
    public struct DomainType: RawRepresentable, Sendable, Hashable {
        public let rawValue: String
        public init(rawValue: String) { self.rawValue = rawValue }

        /// The processor, through the kernel.
        public static let kvm = DomainType(rawValue: "kvm")
        /// QEMU in software.
        public static let qemu = DomainType(rawValue: "qemu")
        /// Nothing: libvirt's test driver.
        public static let test = DomainType(rawValue: "test")
    }

    /// Which processor the guest sees.
    public enum CPU: Sendable, Equatable {
        /// The host's own; such a guest moves only between equal hosts.
        case hostPassthrough
        /// The nearest model that libvirt has a name for.
        case hostModel
        case hypervisorDefault
    }

    /// A serial port behind a pseudo terminal.
    public struct SerialConsole: Sendable, Equatable {
        /// Where all output is kept besides (appended), nil for nowhere.
        public var logPath: String?

        public init(logPath: String? = nil) { self.logPath = logPath }
    }

    /// A screen.
    public enum Graphics: Sendable, Equatable {
        /// VNC on a free port of that address, without a password.
        case vnc(listen: String)
    }
}

/// An element of a domain's metadata, in a namespace that is its program's own.
public struct MetadataElement: Sendable, Equatable {
    /// A URI, which libvirt knows the element by.
    public var namespace: String
    public var prefix: String
    public var name: String
    /// In no namespace; any text that XML can hold.
    public var attributes: [String: String]
    public var text: String

    public init(
        namespace: String, prefix: String, name: String, attributes: [String: String] = [:],
        text: String = ""
    ) {
        self.namespace = namespace
        self.prefix = prefix
        self.name = name
        self.attributes = attributes
        self.text = text
    }
}
