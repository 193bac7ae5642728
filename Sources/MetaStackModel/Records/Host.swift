/// What a node says of its host: `hosts/<host_id>`, under the node's lease. Written by nodes only.
public struct Host: Record {
    public var name: HostID
    public var totalRAM: Mebibytes
    /// Committed to guests by claims.
    public var usedRAM: Mebibytes
    /// Kept for the host itself.
    public var reservedRAM: Mebibytes
    public var totalVCPU: Int
    public var usedVCPU: Int
    /// The node's etcd lease, in hexadecimal as etcdctl prints it.
    public var lease: String
    /// That lease's time to live in milliseconds; 0 where the node does not say.
    public var leaseTTL: Int
    /// Why this node holds takeovers back; nil where it does not.
    public var takeoversHeld: String?
    /// The machine's own UUID: two machines that are given one name are told apart by it.
    public var machine: String
    public var addresses: [String]
    public var labels: [String: String]
    /// Of metastack-node.
    public var version: String
    public var hypervisor: String
    /// What runs guests: `kvm` or `qemu`; empty where the node does not say.
    public var domainType: String
    /// The processors' kind, such as `x86_64`; empty where the node does not say.
    public var architecture: String
    /// What guests see of the processors; nil where the node does not say, and where QEMU plays a
    /// processor of its own, which is the same everywhere.
    public var cpu: ProcessorModel?
    public var pools: [PoolName]
    /// The bridges that guests can be put on.
    public var networks: [String]
    /// The links that networks can have as their uplink.
    public var interfaces: [String]
    /// What it can do for guests' networks; nil where its node makes none.
    public var plane: HostPlane?
    /// What is wrong in the storage, and what was left there.
    public var storage: StorageReport
    /// What is wrong with the host; nil where nothing is. Such a host takes no VMs.
    public var message: String?
    public var since: Timestamp
    public var rest: [String: JSONValue]

    public init(
        name: HostID, totalRAM: Mebibytes, usedRAM: Mebibytes = .zero,
        reservedRAM: Mebibytes = .zero, totalVCPU: Int, usedVCPU: Int = 0, lease: String,
        leaseTTL: Int = 0, takeoversHeld: String? = nil, machine: String = "",
        addresses: [String] = [], labels: [String: String] = [:],
        version: String, hypervisor: String, domainType: String = "", architecture: String = "",
        cpu: ProcessorModel? = nil, pools: [PoolName] = [], networks: [String] = [],
        interfaces: [String] = [], plane: HostPlane? = nil,
        storage: StorageReport = StorageReport(), message: String? = nil, since: Timestamp,
        rest: [String: JSONValue] = [:]
    ) {
        self.name = name
        self.totalRAM = totalRAM
        self.usedRAM = usedRAM
        self.reservedRAM = reservedRAM
        self.totalVCPU = totalVCPU
        self.usedVCPU = usedVCPU
        self.lease = lease
        self.leaseTTL = leaseTTL
        self.takeoversHeld = takeoversHeld
        self.machine = machine
        self.addresses = addresses
        self.labels = labels
        self.version = version
        self.hypervisor = hypervisor
        self.domainType = domainType
        self.architecture = architecture
        self.cpu = cpu
        self.pools = pools
        self.networks = networks
        self.interfaces = interfaces
        self.plane = plane
        self.storage = storage
        self.message = message
        self.since = since
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        name = try fields.required("name")
        totalRAM = try fields.required("total_ram")
        usedRAM = try fields.optional("used_ram", default: .zero)
        reservedRAM = try fields.optional("reserved_ram", default: .zero)
        totalVCPU = try fields.required("total_vcpu")
        usedVCPU = try fields.optional("used_vcpu", default: 0)
        lease = try fields.optional("lease", default: "")
        leaseTTL = try fields.optional("lease_ttl_ms", default: 0)
        takeoversHeld = try fields.optional("takeovers_held")
        machine = try fields.optional("machine", default: "")
        addresses = try fields.optional("addresses", default: [])
        labels = try fields.optional("labels", default: [:])
        version = try fields.optional("version", default: "")
        hypervisor = try fields.optional("hypervisor", default: "")
        domainType = try fields.optional("domain_type", default: "")
        architecture = try fields.optional("architecture", default: "")
        cpu = try fields.optional("cpu")
        pools = try fields.optional("pools", default: [])
        networks = try fields.optional("networks", default: [])
        interfaces = try fields.optional("interfaces", default: [])
        plane = try fields.optional("plane")
        storage = try fields.optional("storage", default: StorageReport())
        message = try fields.optional("message")
        since = try fields.optional("since", default: Timestamp(milliseconds: 0))
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("name", name)
        try fields.put("total_ram", totalRAM)
        try fields.put("used_ram", usedRAM)
        try fields.put("reserved_ram", reservedRAM)
        try fields.put("total_vcpu", totalVCPU)
        try fields.put("used_vcpu", usedVCPU)
        try fields.put("lease", lease)
        if leaseTTL > 0 { try fields.put("lease_ttl_ms", leaseTTL) }
        try fields.put("takeovers_held", takeoversHeld)
        try fields.put("machine", machine)
        try fields.put("addresses", addresses)
        try fields.put("labels", labels)
        try fields.put("version", version)
        try fields.put("hypervisor", hypervisor)
        if !domainType.isEmpty { try fields.put("domain_type", domainType) }
        if !architecture.isEmpty { try fields.put("architecture", architecture) }
        try fields.put("cpu", cpu)
        try fields.put("pools", pools)
        try fields.put("networks", networks)
        if !interfaces.isEmpty { try fields.put("interfaces", interfaces) }
        try fields.put("plane", plane)
        if !storage.isEmpty { try fields.put("storage", storage) }
        try fields.put("message", message)
        try fields.put("since", since)
    }
}
