public import MetaStackModel

/// Which hosts try to run a VM, in which order. Pure: the same records give the same order on
/// every node, whatever the order in which a node learned them.
///
/// Used by the node (is it my turn?) and by `metastack` (why is the VM where it is, or nowhere?). A
/// node keeps it up with the records through ``PlacementLedger``.
public struct Placement: Sendable {
    /// A host that can run a VM, and how good it is for it.
    public struct Candidate: Sendable, Equatable {
        public var host: HostID
        public var score: Score
    }

    /// Hosts that are alive, with what they have left, by their names' order.
    public private(set) var offers: [HostOffer]
    /// The hosts that run members of each group.
    private(set) var seats: [String: Set<HostID>] = [:]
    /// Most hosts have the same pools and bridges: each kind once, and which of them each host has.
    private(set) var equipments: [HostOffer.Equipment] = []
    private(set) var equipmentOf: [Int] = []
    private var index: [HostID: Int] = [:]
    private(set) var declines: [VMID: [HostID: Stored<Decline>]]

    /// Reads the hosts and adds up what claims have committed of them.
    ///
    /// - Parameter vm: whose claim does not count, so that its own host can be compared with others.
    public init(_ cluster: Cluster, without vm: VMID? = nil) {
        declines = cluster.declines
        offers = cluster.hosts.keys.sorted().map { HostOffer($0, in: cluster) }
        numberHosts()
        for owned in cluster.actualVMs.keys where owned != vm {
            if let commitment = Commitment(owned, in: cluster) { commit(commitment) }
        }
    }

    public subscript(_ host: HostID) -> HostOffer? { index[host].map { offers[$0] } }

    /// The hosts that can run the VM, the one that shall try first in front.
    public func candidates(for request: PlacementRequest) -> [Candidate] {
        let search = HostSearch(request, in: self)
        return offers.indices.compactMap { place in
            search.score(at: place, in: self).map {
                Candidate(host: offers[place].host, score: $0)
            }
        }.sorted { $0.score < $1.score }
    }

    /// Whether any host can run the VM. Thousands of VMs may wait, so that no reasons are put in words.
    public func hasCandidate(for request: PlacementRequest) -> Bool {
        let search = HostSearch(request, in: self)
        return offers.indices.contains { search.canRun(at: $0, in: self) }
    }

    /// Every reason against each host; an empty list where the VM fits.
    public func refusals(of request: PlacementRequest) -> [HostID: [Refusal]] {
        Dictionary(uniqueKeysWithValues: offers.map { ($0.host, refusals(of: request, by: $0)) })
    }

    /// Every reason against one host; nil for one that is not live.
    public func refusals(of request: PlacementRequest, by host: HostID) -> [Refusal]? {
        self[host].map { refusals(of: request, by: $0) }
    }

    /// All live hosts in the order in which they try what concerns the VM and needs no room.
    public func order(of vm: VMID) -> [HostID] {
        let order = Self.order(of: vm)
        return offers.map { (weight: Self.weight(of: $0.host, in: order), host: $0.host) }
            .sorted { ($0.weight, $0.host) > ($1.weight, $1.host) }
            .map(\.host)
    }

    private func refusals(of request: PlacementRequest, by offer: HostOffer) -> [Refusal] {
        Admission.refusals(
            of: request, by: offer, declined: declines[request.vm]?[offer.host]?.value.reason,
            seats: seats)
    }

    /// A host's place among the offers.
    func place(of host: HostID) -> Int? { index[host] }

    // MARK: Changes

    mutating func commit(_ commitment: Commitment) {
        for place in commitment.hosts.compactMap({ index[$0] }) {
            offers[place].commit(
                ram: commitment.ram, vcpus: commitment.vcpus, groups: commitment.groups)
            for group in commitment.groups.keys {
                seats[group, default: []].insert(offers[place].host)
            }
        }
    }

    mutating func commit(_ request: PlacementRequest, at place: Int) {
        offers[place].commit(
            ram: request.ram, vcpus: request.vcpus, groups: request.wishes.groups)
        for group in request.wishes.groups.keys {
            seats[group, default: []].insert(offers[place].host)
        }
    }

    mutating func release(_ commitment: Commitment) {
        for place in commitment.hosts.compactMap({ index[$0] }) {
            offers[place].release(
                ram: commitment.ram, vcpus: commitment.vcpus, groups: commitment.groups)
            for group in commitment.groups.keys where offers[place].groups[group] == nil {
                leaveSeat(of: group, offers[place].host)
            }
        }
    }

    mutating func takeDeclines(of vm: VMID, in cluster: Cluster) {
        declines[vm] = cluster.declines[vm]
    }

    /// Reads the records of hosts again, of those that came or went too.
    ///
    /// - Returns: whether any of them offers something else now.
    mutating func takeHosts(_ hosts: Set<HostID>, in cluster: Cluster) -> Bool {
        let gone = hosts.filter { index[$0] != nil && cluster.hosts[$0] == nil }
        let new = hosts.filter { index[$0] == nil && cluster.hosts[$0] != nil }
        if !gone.isEmpty { remove(gone) }
        var hasOtherOffer = false
        for place in hosts.compactMap({ index[$0] }) where readAgain(place, in: cluster) {
            hasOtherOffer = true
        }
        if hasOtherOffer { numberEquipment() }
        if !new.isEmpty { add(new, in: cluster) }
        return hasOtherOffer || !gone.isEmpty || !new.isEmpty
    }

    /// - Returns: whether the host offers something else now.
    private mutating func readAgain(_ place: Int, in cluster: Cluster) -> Bool {
        let known = offers[place]
        var offer = HostOffer(known.host, in: cluster)
        offer.usedRAM = known.usedRAM
        offer.usedVCPU = known.usedVCPU
        offer.groups = known.groups
        offers[place] = offer
        return offer != known
    }

    private mutating func remove(_ hosts: Set<HostID>) {
        for offer in offers where hosts.contains(offer.host) {
            for group in offer.groups.keys { leaveSeat(of: group, offer.host) }
        }
        offers.removeAll { hosts.contains($0.host) }
        numberHosts()
    }

    /// Their VMs may have been claimed before they were seen to be live.
    private mutating func add(_ hosts: Set<HostID>, in cluster: Cluster) {
        offers += hosts.map { HostOffer($0, in: cluster) }
        offers.sort { $0.host < $1.host }
        numberHosts()
        for vm in cluster.actualVMs.keys {
            guard var commitment = Commitment(vm, in: cluster) else { continue }
            commitment.hosts.removeAll { !hosts.contains($0) }
            commit(commitment)
        }
    }

    private mutating func leaveSeat(of group: String, _ host: HostID) {
        seats[group]?.remove(host)
        if seats[group]?.isEmpty == true { seats[group] = nil }
    }

    /// After hosts came or went.
    private mutating func numberHosts() {
        index = Dictionary(uniqueKeysWithValues: zip(offers.map(\.host), offers.indices))
        numberEquipment()
    }

    private mutating func numberEquipment() {
        var numbers: [HostOffer.Equipment: Int] = [:]
        equipments = []
        equipmentOf = offers.map { offer in
            let equipment = offer.equipment
            if let number = numbers[equipment] { return number }
            numbers[equipment] = equipments.count
            equipments.append(equipment)
            return equipments.count - 1
        }
    }

    // MARK: Weights

    /// Rendezvous hashing (Thaler and Ravishankar, 1998): each VM ranks the hosts by the hash of
    /// the pair, so that a host that comes or goes moves only the VMs that it wins or held.
    static func weight(of host: HostID, in order: StableHash) -> UInt64 {
        var hash = order
        hash.combine(host.text)
        return hash.finalize()
    }

    /// The VM's half of each of its pairs.
    static func order(of vm: VMID) -> StableHash {
        var hash = StableHash()
        hash.combine(vm.text)
        return hash
    }
}

extension NetworkOffer {
    /// What a live host says of itself.
    init(of host: Host) {
        let nothing = "its metastack-node has no networks"
        self.init(
            bridges: Set(host.networks), uplinks: Set(host.interfaces),
            noVLANs: host.plane.map(\.noVLANs) ?? nothing,
            noVXLANs: host.plane.map(\.noVXLANs) ?? nothing,
            noProtection: host.plane.map(\.noProtection) ?? nothing,
            noNAT64: host.plane.map(\.noNAT64) ?? nothing,
            noLimits: host.plane?.noLimits, noShaping: host.plane?.noShaping)
    }
}

extension HostOffer {
    /// What a live host offers before any claim.
    fileprivate init(_ id: HostID, in cluster: Cluster) {
        let wanted = cluster.desiredHosts[id]?.value ?? DesiredHost()
        guard let host = cluster.hosts[id]?.value else {
            self.init(host: id, totalRAM: .zero, totalVCPU: 0, refusal: "the host is not live")
            return
        }
        self.init(
            host: id, totalRAM: host.totalRAM, reservedRAM: host.reservedRAM,
            totalVCPU: host.totalVCPU, ramOvercommit: wanted.ramOvercommit,
            vcpuOvercommit: wanted.vcpuOvercommit,
            labels: host.labels.merging(wanted.labels) { $1 }, pools: Set(host.pools),
            networks: NetworkOffer(of: host),
            refusal: Self.refusal(of: host, wanted: wanted, id, in: cluster))
    }

    private static func refusal(
        of host: Host, wanted: DesiredHost, _ id: HostID, in cluster: Cluster
    ) -> String? {
        if let malformed = cluster.malformed[RecordKey.desiredHost(id).path] {
            return malformed.description
        }
        guard wanted.state == .maintenance else { return host.message }
        return "the host is in maintenance" + (wanted.reason.map { ": \($0)" } ?? "")
    }
}
