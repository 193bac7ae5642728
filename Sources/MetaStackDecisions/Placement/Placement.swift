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
    /// Most hosts have the same pools: each set once, and which of them each host has.
    private(set) var poolSets: [Set<PoolName>] = []
    private(set) var poolSetOf: [Int] = []
    private let index: [HostID: Int]
    private(set) var declines: [VMID: [HostID: Stored<Decline>]]

    /// Reads the hosts and adds up what claims have committed of them.
    ///
    /// - Parameter vm: whose claim does not count, so that its own host can be compared with others.
    public init(_ cluster: Cluster, without vm: VMID? = nil) {
        declines = cluster.declines
        let hosts = cluster.hosts.keys.sorted()
        offers = hosts.map { HostOffer($0, in: cluster) }
        index = Dictionary(uniqueKeysWithValues: zip(hosts, hosts.indices))
        numberPools()
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
                seats[group]?.remove(offers[place].host)
                if seats[group]?.isEmpty == true { seats[group] = nil }
            }
        }
    }

    mutating func takeDeclines(of vm: VMID, in cluster: Cluster) {
        declines[vm] = cluster.declines[vm]
    }

    /// Reads a host's records again.
    ///
    /// - Returns: false where it came or went: then all of it has to be read again.
    mutating func takeHost(_ host: HostID, in cluster: Cluster) -> Bool {
        let isLive = cluster.hosts[host] != nil
        guard let place = index[host] else { return !isLive }
        guard isLive else { return false }
        var offer = HostOffer(host, in: cluster)
        offer.usedRAM = offers[place].usedRAM
        offer.usedVCPU = offers[place].usedVCPU
        offer.groups = offers[place].groups
        let hasOtherPools = offer.pools != offers[place].pools
        offers[place] = offer
        if hasOtherPools { numberPools() }
        return true
    }

    private mutating func numberPools() {
        var numbers: [Set<PoolName>: Int] = [:]
        poolSets = []
        poolSetOf = offers.map { offer in
            if let number = numbers[offer.pools] { return number }
            numbers[offer.pools] = poolSets.count
            poolSets.append(offer.pools)
            return poolSets.count - 1
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
