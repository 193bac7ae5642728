public import MetaStackModel

/// What a host has left, as every node computes it from the same records.
public struct HostOffer: Sendable, Equatable {
    public var host: HostID
    public var totalRAM: Mebibytes
    public var reservedRAM: Mebibytes
    public var usedRAM: Mebibytes
    public var totalVCPU: Int
    public var usedVCPU: Int
    public var ramOvercommit: Overcommit
    public var vcpuOvercommit: Overcommit
    public var labels: [String: String]
    public var pools: Set<PoolName>
    public var networks: NetworkOffer
    /// The members that it runs, by their group.
    public var groups: [String: Members]
    /// Whether it takes VMs at all, and if not, why.
    public var refusal: String?

    /// What hosts have alike, mostly.
    struct Equipment: Hashable {
        var pools: Set<PoolName>
        var networks: NetworkOffer
    }

    var equipment: Equipment { Equipment(pools: pools, networks: networks) }

    /// Members of one group on one host.
    public struct Members: Sendable, Equatable {
        public var count = 0
        /// How many of them want no other on their host.
        public var wantingNone = 0
    }

    public init(
        host: HostID, totalRAM: Mebibytes, reservedRAM: Mebibytes = .zero,
        usedRAM: Mebibytes = .zero, totalVCPU: Int, usedVCPU: Int = 0,
        ramOvercommit: Overcommit = .none, vcpuOvercommit: Overcommit = .processors,
        labels: [String: String] = [:], pools: Set<PoolName> = [],
        networks: NetworkOffer = NetworkOffer(), groups: [String: Members] = [:],
        refusal: String? = nil
    ) {
        self.host = host
        self.totalRAM = totalRAM
        self.reservedRAM = reservedRAM
        self.usedRAM = usedRAM
        self.totalVCPU = totalVCPU
        self.usedVCPU = usedVCPU
        self.ramOvercommit = ramOvercommit
        self.vcpuOvercommit = vcpuOvercommit
        self.labels = labels
        self.pools = pools
        self.networks = networks
        self.groups = groups
        self.refusal = refusal
    }

    /// What may be promised to guests: in MiB, and in virtual processors.
    public var ramLimit: Int { ramOvercommit.of((totalRAM - reservedRAM).count) }
    public var vcpuLimit: Int { vcpuOvercommit.of(totalVCPU) }

    /// Below zero where a host has shrunk under its guests.
    public var freeRAM: Int { ramLimit - usedRAM.count }
    public var freeVCPU: Int { vcpuLimit - usedVCPU }

    /// Whether it is large enough, whatever else speaks for or against it.
    public func hasRoom(for request: PlacementRequest) -> Bool {
        freeRAM >= request.ram.count && freeVCPU >= request.vcpus
    }

    /// What is left when the host has taken a VM as well.
    public func after(_ request: PlacementRequest) -> HostOffer {
        var offer = self
        offer.take(request)
        return offer
    }

    /// Takes a VM.
    public mutating func take(_ request: PlacementRequest) {
        commit(ram: request.ram, vcpus: request.vcpus, groups: request.wishes.groups)
    }

    /// Takes what a claim has committed.
    mutating func commit(
        ram: Mebibytes, vcpus: Int, groups wanted: [String: PlacementWishes.Affinity]
    ) {
        usedRAM = usedRAM + ram
        usedVCPU += vcpus
        for (group, affinity) in wanted { add(1, to: group, affinity) }
    }

    /// Gives back what a claim had committed.
    mutating func release(
        ram: Mebibytes, vcpus: Int, groups wanted: [String: PlacementWishes.Affinity]
    ) {
        usedRAM = usedRAM - ram
        usedVCPU -= vcpus
        for (group, affinity) in wanted { add(-1, to: group, affinity) }
    }

    private mutating func add(
        _ count: Int, to group: String, _ affinity: PlacementWishes.Affinity
    ) {
        var members = groups[group] ?? Members()
        members.count += count
        if affinity == .antiAffinity { members.wantingNone += count }
        groups[group] = members.count == 0 ? nil : members
    }
}
