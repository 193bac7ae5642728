public import struct Foundation.UUID

/// A claim: the VM's one owner and what it has made of the VM: `actual_vms/<vm_id>`, under the
/// owner's lease. Written by nodes only.
public struct ActualVM: Record {
    /// How far the owner is.
    public enum State: String, Codable, Sendable {
        /// Owned; its disks may be in the making.
        case claimed
        /// The guest is being created; it has written nothing yet.
        case starting
        case running
        /// The hypervisor stopped the guest, for example after a write error.
        case paused
        /// MetaStack stopped the guest's processors; its memory is kept.
        case suspended
        case stopping
        /// The guest has ended by itself and stays so until somebody asks.
        case stopped
        /// The owner tried and could not; the message says why.
        case failed
        case deleting
    }

    public var host: HostID
    public var state: State
    /// nil only in the claiming transaction itself, which cannot know its own revision.
    public var incarnation: Incarnation?
    /// libvirt's name for the guest: the same on every host.
    public var vmUUID: UUID?
    /// The revision of the desired record that the owner acted on last.
    public var desiredRevision: Revision?
    /// Tells a VM from a later one under the same id.
    public var desiredCreateRevision: Revision?
    /// What is committed of the host, while the claim stands.
    public var ram: Mebibytes
    public var vcpus: Int
    /// Since when it is in this state.
    public var since: Timestamp
    /// What is wrong or under way, for people.
    @Rare public var message: String?
    /// The Ceph clients that may write the VM's disks.
    public var clients: [StorageClient]
    /// The guest's serial console as a file on the host.
    public var console: String?
    /// The guest's NICs in order.
    public var macs: [MACAddress]
    /// What the owner has given to each of them, in the same order; empty where it does not say.
    public var nics: [ActualNIC]
    /// The move that is under way; nil where none is.
    @Rare public var move: GuestMove?
    /// The host that it left for that one's maintenance.
    @Rare public var cameFrom: HostID?
    /// The host whose processors the guest was started on, where it came from there while it ran.
    @Rare public var bootedOn: HostID?
    public var rest: [String: JSONValue]

    public init(
        host: HostID, state: State, incarnation: Incarnation? = nil, vmUUID: UUID? = nil,
        desiredRevision: Revision? = nil, desiredCreateRevision: Revision? = nil,
        ram: Mebibytes = .zero, vcpus: Int = 0, since: Timestamp, message: String? = nil,
        clients: [StorageClient] = [], console: String? = nil, macs: [MACAddress] = [],
        nics: [ActualNIC] = [], move: GuestMove? = nil, cameFrom: HostID? = nil,
        bootedOn: HostID? = nil, rest: [String: JSONValue] = [:]
    ) {
        self.host = host
        self.state = state
        self.incarnation = incarnation
        self.vmUUID = vmUUID
        self.desiredRevision = desiredRevision
        self.desiredCreateRevision = desiredCreateRevision
        self.ram = ram
        self.vcpus = vcpus
        self.since = since
        self.message = message
        self.clients = clients
        self.console = console
        self.macs = macs
        self.nics = nics
        self.move = move
        self.cameFrom = cameFrom
        self.bootedOn = bootedOn
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        host = try fields.required("host")
        state = try fields.required("state")
        incarnation = try fields.optional("incarnation")
        vmUUID = try fields.optional("vm_uuid")
        desiredRevision = try fields.optional("desired_revision")
        desiredCreateRevision = try fields.optional("desired_create_revision")
        ram = try fields.optional("ram", default: .zero)
        vcpus = try fields.optional("vcpus", default: 0)
        since = try fields.optional("since", default: Timestamp(milliseconds: 0))
        message = try fields.optional("message")
        clients = try fields.optional("clients", default: [])
        console = try fields.optional("console")
        macs = try fields.optional("macs", default: [])
        nics = try fields.optional("nics", default: [])
        move = try fields.optional("move")
        cameFrom = try fields.optional("came_from")
        bootedOn = try fields.optional("booted_on")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("host", host)
        try fields.put("state", state)
        try fields.put("incarnation", incarnation)
        try fields.put("vm_uuid", vmUUID?.uuidString.lowercased())
        try fields.put("desired_revision", desiredRevision)
        try fields.put("desired_create_revision", desiredCreateRevision)
        try fields.put("ram", ram)
        try fields.put("vcpus", vcpus)
        try fields.put("since", since)
        try fields.put("message", message)
        if !clients.isEmpty { try fields.put("clients", clients) }
        try fields.put("console", console)
        if !macs.isEmpty { try fields.put("macs", macs) }
        if !nics.isEmpty { try fields.put("nics", nics) }
        try fields.put("move", move)
        try fields.put("came_from", cameFrom)
        try fields.put("booted_on", bootedOn)
    }
}

/// A Ceph client instance by its address, such as `10.0.0.2:0/1234567`: what can be evicted.
public struct StorageClient: Hashable, Comparable, Sendable, Codable, CustomStringConvertible {
    public let address: String

    /// Takes an address that the storage itself gave.
    public init(address: String) { self.address = address }

    public var description: String { address }

    public static func < (left: Self, right: Self) -> Bool { left.address < right.address }

    public init(from decoder: any Decoder) throws {
        address = try decoder.singleValueContainer().decode(String.self)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(address)
    }
}
