public import MetaStackModel

/// Which hosts try to run a VM, in which order. Pure: the same records give the same order on
/// every node, whatever the order in which a node learned them.
///
/// Used by the node (is it my turn?) and by `metastack` (why is the VM where it is, or nowhere?).
public struct Placement: Sendable {
    /// Hosts that are alive, with what they have left.
    public let offers: [HostID: HostOffer]
    private let declines: [VMID: [HostID: Stored<Decline>]]

    /// Reads the hosts and adds up what claims have committed of them.
    public init(_ cluster: Cluster) {
        var offers: [HostID: HostOffer] = [:]
        for (id, host) in cluster.hosts {
            offers[id] = HostOffer(
                host: id, totalRAM: host.value.totalRAM, reservedRAM: host.value.reservedRAM,
                usedRAM: .zero, totalVCPU: host.value.totalVCPU, usedVCPU: 0,
                refusal: Self.refusal(of: host.value, wanted: cluster.desiredHosts[id]?.value))
        }
        for claim in cluster.actualVMs.values.map(\.value) {
            offers[claim.host]?.commit(ram: claim.ram, vcpus: claim.vcpus)
        }
        self.offers = offers
        declines = cluster.declines
    }

    private static func refusal(of host: Host, wanted: DesiredHost?) -> String? {
        if wanted?.state == .maintenance { return "the host is in maintenance" }
        return host.message
    }

    /// The hosts that can run the VM, the one that shall try first in front.
    public func candidates(for request: PlacementRequest) -> [HostID] {
        order(of: request.vm).filter { host in
            offers[host].map { refusals(of: request, by: $0).isEmpty } ?? false
        }
    }

    /// All live hosts in the order in which they try what concerns the VM and needs no room.
    public func order(of vm: VMID) -> [HostID] {
        offers.keys
            .map { (weight: Self.weight(of: vm, on: $0), host: $0) }
            .sorted { ($0.weight, $0.host) > ($1.weight, $1.host) }
            .map(\.host)
    }

    /// Every reason against each host; an empty list where the VM fits.
    public func refusals(of request: PlacementRequest) -> [HostID: [Refusal]] {
        offers.mapValues { refusals(of: request, by: $0) }
    }

    private func refusals(of request: PlacementRequest, by offer: HostOffer) -> [Refusal] {
        Admission.refusals(
            of: request, by: offer, declined: declines[request.vm]?[offer.host]?.value.reason)
    }

    /// Rendezvous hashing (Thaler and Ravishankar, 1998): each VM ranks the hosts by the hash of
    /// the pair, so that a host that comes or goes moves only the VMs that it wins or held.
    static func weight(of vm: VMID, on host: HostID) -> UInt64 {
        var hash = StableHash()
        hash.combine(vm.text)
        hash.combine(host.text)
        return hash.finalize()
    }
}
