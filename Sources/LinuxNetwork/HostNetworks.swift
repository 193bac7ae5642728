public import MetaStackModel

/// What the networks of one host are to be: the whole of it, every time.
///
/// A value of the watched state at one moment. ``NetworkPlane`` compares it with what the host has
/// and makes the difference, so that a lost event, a restart or a link deleted by hand costs nothing
/// but the next look.
public struct HostNetworks: Sendable, Equatable {
    /// The records by id; those that no port is on are not made.
    public var networks: [NetworkID: Network]
    /// The NICs of this host's guests, also of those that are about to come.
    public var ports: [GuestPort]
    /// Where the other hosts with guests of a VXLAN are: their addresses in the underlay.
    public var peers: [NetworkID: Set<IPAddress>]
    public var groups: [SecurityGroupID: SecurityGroup]
    /// The addresses of each group's NICs on all hosts.
    public var members: [SecurityGroupID: Set<AddressID>]
    /// The names of a network's guests on all hosts; the domain is added here.
    public var names: [NetworkID: [String: Set<IPAddress>]]

    public init(
        networks: [NetworkID: Network] = [:], ports: [GuestPort] = [],
        peers: [NetworkID: Set<IPAddress>] = [:], groups: [SecurityGroupID: SecurityGroup] = [:],
        members: [SecurityGroupID: Set<AddressID>] = [:],
        names: [NetworkID: [String: Set<IPAddress>]] = [:]
    ) {
        self.networks = networks
        self.ports = ports
        self.peers = peers
        self.groups = groups
        self.members = members
        self.names = names
    }
}

/// A guest's NIC as its host sees it.
public struct GuestPort: Sendable, Hashable {
    /// The host's end of it, which whoever starts the guest puts on the network's bridge.
    public var interface: InterfaceName
    public var network: NetworkID
    public var mac: MACAddress
    public var addresses: [IPAddress]
    /// Those that there are; a NIC with none gets and sends what it likes.
    public var groups: [SecurityGroupID]
    /// How much it may get and send; nil for as much as it likes.
    public var limits: Limits?
    /// What the guest is called in DHCP; nil for nothing.
    public var name: String?
    /// Whose it is, who is told of that one's metadata; nil where there is none to tell.
    public var vm: VMID?
    /// Whether TCP connections that are open already are let in without a rule: for a guest that has
    /// just moved here, whose connections this host's kernel has not seen begin.
    public var hasArrived: Bool

    /// In kbit/s (1000 bits a second); nil is no limit.
    public struct Limits: Sendable, Hashable {
        /// To the guest.
        public var inbound: Int?
        /// From the guest.
        public var outbound: Int?

        public init(inbound: Int? = nil, outbound: Int? = nil) {
            self.inbound = inbound
            self.outbound = outbound
        }
    }

    public init(
        interface: InterfaceName, network: NetworkID, mac: MACAddress, addresses: [IPAddress] = [],
        groups: [SecurityGroupID] = [], limits: Limits? = nil, name: String? = nil,
        vm: VMID? = nil,
        hasArrived: Bool = false
    ) {
        self.interface = interface
        self.network = network
        self.mac = mac
        self.addresses = addresses
        self.groups = groups
        self.limits = limits
        self.name = name
        self.vm = vm
        self.hasArrived = hasArrived
    }
}

/// What is the host's own, whatever its guests are.
public struct PlaneSettings: Sendable, Equatable {
    /// Where the networks' files lie while they are in use; nobody else's. It is the host's own, as
    /// `/run/metastack/networks`.
    public var directory: String
    /// The bridge of networks of kind bridge that name none.
    public var bridge: InterfaceName
    /// The address by which the other hosts reach this one with VXLAN; nil where there is none, and
    /// then there are no VXLANs.
    public var underlay: IPAddress?
    /// Another network namespace to work in, as a path; nil for the process's own.
    public var namespace: String?
    /// What bridges, VLANs and protection are made with.
    public var driver: NetworkDriver
    /// Where Open vSwitch has its sockets (`OVS_RUNDIR`); nil for where it has them by itself.
    public var switchDirectory: String?

    public init(
        directory: String, bridge: InterfaceName, underlay: IPAddress? = nil,
        namespace: String? = nil, driver: NetworkDriver = .linux, switchDirectory: String? = nil
    ) {
        self.directory = directory
        self.bridge = bridge
        self.underlay = underlay
        self.namespace = namespace
        self.driver = driver
        self.switchDirectory = switchDirectory
    }
}
