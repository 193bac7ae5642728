public import Foundation
public import MetaStackDecisions
public import MetaStackModel

/// What runs guests on this host. libvirt in earnest, a fake in the simulator.
///
/// It sees MetaStack's own domains only: those that carry its metadata. Others are never touched.
public protocol Hypervisor: Sendable {
    /// What the host has.
    func capacity() async throws -> HypervisorCapacity
    func domains() async throws -> [LocalDomain]
    /// nil where the VM has no domain here.
    func domain(of vm: VMID) async throws -> LocalDomain?
    /// What all guests have used so far.
    func figures() async throws -> [GuestFigures]
    /// Creates the domain with its processors stopped: its disks are open, nothing is written.
    func create(_ guest: GuestSpecification) async throws
    func resume(_ vm: VMID) async throws
    /// Stops the guest's processors until `resume`, and breaks off a move that is on its way.
    ///
    /// - Throws: also where that takes longer than `limit`; what was begun may still come about.
    func suspend(_ vm: VMID, within limit: Duration) async throws
    /// Asks the guest to shut down (ACPI) and does not wait for it.
    func shutDown(_ vm: VMID) async throws
    /// Plugs a NIC into a running guest.
    func attach(_ nic: GuestNIC, to vm: VMID) async throws
    /// Asks a running guest to let a NIC go and does not wait for it; does nothing where there is none.
    ///
    /// - Parameter nic: the host's end.
    func detach(_ nic: InterfaceName, from vm: VMID) async throws
    /// Ends the domain at once; returns when it is gone.
    func destroy(_ vm: VMID) async throws
    /// Makes ready for a guest that comes from another host.
    ///
    /// - Parameter console: the file that its console will be logged to.
    /// - Returns: where that host's hypervisor sends it.
    func invitation(console: String?) async throws -> String
    /// Sends a running guest to another host, where it stands paused; it is gone from here then.
    ///
    /// - Throws: where it stays here, and where it is not known what became of it.
    func migrate(_ vm: VMID, to uri: String) async throws
    /// Breaks a move of the guest's off, where there is one.
    func abortMigration(of vm: VMID) async throws
    /// How much of the guest's memory has been sent, in hundredths; nil where none is being.
    func migrationProgress(of vm: VMID) async throws -> Int?
    /// The guests whose processes are on this host, found without the hypervisor's daemon.
    func processes() async -> [VMID]
    /// Ends the guest's process, without the daemon and without asking the process; does nothing where
    /// there is none.
    func kill(_ vm: VMID) async throws
    /// What happens to domains, until the stream's task is cancelled.
    func events() -> AsyncStream<HypervisorEvent>
}

/// What a host has for guests and itself.
public struct HypervisorCapacity: Sendable, Equatable {
    public var ram: Mebibytes
    public var vcpus: Int
    /// The machine's own UUID.
    public var machine: String
    /// Name and version, such as `QEMU 7.2.0 (libvirt 9.0.0)`.
    public var description: String
    /// What runs guests: `kvm` or `qemu`; empty where it is not known yet.
    public var domainType: String
    /// The processors' kind, such as `x86_64`.
    public var architecture: String
    /// What guests see of the processors; nil where QEMU plays one of its own.
    public var cpu: ProcessorModel?

    public init(
        ram: Mebibytes, vcpus: Int, machine: String, description: String,
        domainType: String = "", architecture: String = "", cpu: ProcessorModel? = nil
    ) {
        self.ram = ram
        self.vcpus = vcpus
        self.machine = machine
        self.description = description
        self.domainType = domainType
        self.architecture = architecture
        self.cpu = cpu
    }
}

public enum HypervisorEvent: Sendable, Equatable {
    /// Something happened to the VM's domain; look at it.
    case changed(VMID)
    /// The VM's domain has ended.
    case ended(VMID, GuestExit)
    /// Events may have been missed, or the connection is new: list again.
    case listAgain
    /// The connection is lost; the reason.
    case disconnected(String)
}

/// All that a domain is made from.
public struct GuestSpecification: Sendable, Equatable {
    public var vm: VMID
    public var uuid: UUID
    public var name: ResourceName
    public var ram: Mebibytes
    public var vcpus: Int
    /// The boot disk first.
    public var disks: [GuestDisk]
    public var nics: [GuestNIC]
    public var incarnation: Incarnation
    public var vmCreateRevision: Revision
    /// A file that the serial console is logged to; nil for none.
    public var console: String?
}

/// A NIC as its guest gets it.
public struct GuestNIC: Sendable, Equatable {
    public var mac: MACAddress
    /// The host's end.
    public var interface: InterfaceName
    /// nil for the one that the node's configuration names.
    public var bridge: InterfaceName?
    /// In bytes; nil for the bridge's own.
    public var mtu: Int?
    public var limits: NICLimits?

    public init(
        mac: MACAddress, interface: InterfaceName, bridge: InterfaceName? = nil, mtu: Int? = nil,
        limits: NICLimits? = nil
    ) {
        self.mac = mac
        self.interface = interface
        self.bridge = bridge
        self.mtu = mtu
        self.limits = limits
    }
}

/// A disk as the storage hands it to the hypervisor.
public enum GuestDisk: Sendable, Equatable {
    case rbd(RBD)

    /// The same for a guest that may only read it.
    var readOnly: GuestDisk {
        switch self {
        case .rbd(var rbd):
            rbd.isReadOnly = true
            return .rbd(rbd)
        }
    }

    public struct RBD: Sendable, Equatable {
        public var pool: PoolName
        public var image: String
        public var monitors: [Monitor]
        public var user: String
        /// Whether the guest may only read it.
        public var isReadOnly = false

        public init(pool: PoolName, image: String, monitors: [Monitor], user: String) {
            self.pool = pool
            self.image = image
            self.monitors = monitors
            self.user = user
        }
    }

    /// Where a Ceph monitor listens.
    public struct Monitor: Sendable, Equatable {
        public var host: String
        public var port: Int

        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }
    }
}
