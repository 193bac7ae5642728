public import MetaStackModel

/// Which hosts try to run a VM, in which order. Pure: the same records give the same order on
/// every node, whatever the order in which a node learned them.
///
/// Used by the node (is it my turn?) and by `metastack` (why is the VM where it is, or nowhere?).
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
    private let index: [HostID: Int]
    private let declines: [VMID: [HostID: Stored<Decline>]]

    /// Reads the hosts and adds up what claims have committed of them.
    ///
    /// - Parameter vm: whose claim does not count, so that its own host can be compared with others.
    public init(_ cluster: Cluster, without vm: VMID? = nil) {
        declines = cluster.declines
        let hosts = cluster.hosts.keys.sorted()
        offers = hosts.map { HostOffer($0, in: cluster) }
        index = Dictionary(uniqueKeysWithValues: zip(hosts, hosts.indices))
        for (owned, claim) in cluster.actualVMs where owned != vm {
            // A VM that moves takes room at both ends.
            let ends = [claim.value.host, claim.value.move?.to].compactMap(\.self)
            for place in ends.compactMap({ index[$0] }) {
                commit(
                    place, ram: claim.value.ram, vcpus: claim.value.vcpus,
                    groups: cluster.desiredVMs[owned]?.value.placement.groups ?? [:])
            }
        }
    }

    public subscript(_ host: HostID) -> HostOffer? { index[host].map { offers[$0] } }

    /// The hosts that can run the VM, the one that shall try first in front.
    public func candidates(for request: PlacementRequest) -> [Candidate] {
        let order = Self.order(of: request.vm)
        return offers.indices.compactMap { place in
            score(of: request, at: place, order).map {
                Candidate(host: offers[place].host, score: $0)
            }
        }.sorted { $0.score < $1.score }
    }

    /// Every reason against each host; an empty list where the VM fits.
    public func refusals(of request: PlacementRequest) -> [HostID: [Refusal]] {
        Dictionary(uniqueKeysWithValues: offers.map { ($0.host, refusals(of: request, by: $0)) })
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

    /// nil where the host cannot run the VM.
    func score(
        of request: PlacementRequest, at place: Int, _ order: StableHash
    ) -> Score? {
        let offer = offers[place]
        guard Admission.fits(request, offer, seats: seats),
            declines[request.vm]?[offer.host] == nil
        else { return nil }
        return Score(request, offer, seats: seats, order: order)
    }

    /// A host's place among the offers.
    func place(of host: HostID) -> Int? { index[host] }

    mutating func commit(
        _ place: Int, ram: Mebibytes, vcpus: Int, groups: [String: PlacementWishes.Affinity]
    ) {
        offers[place].commit(ram: ram, vcpus: vcpus, groups: groups)
        for group in groups.keys { seats[group, default: []].insert(offers[place].host) }
    }

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
