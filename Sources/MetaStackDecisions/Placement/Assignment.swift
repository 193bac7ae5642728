public import MetaStackModel

/// Which host each of many pending VMs is for: one after the other in their order, each to the host
/// that is best for it once those before it have theirs.
///
/// What has been foreseen may come true bit by bit without a change for the rest: a host's load at
/// the turn of any VM can only have grown by those of its own VMs that come later, and so no host
/// becomes better for a VM of another. The VM's own host stays as it was at its turn where that host
/// claims its VMs in their order, which nodes do. So a herd is not assigned anew with each claim.
public struct Assignment: Sendable {
    /// The hosts of those that have one.
    private var hosts: [VMID: HostID] = [:]
    /// Each host's VMs in their order; those before the index have been claimed.
    private var shares: [HostID: (vms: [VMID], claimed: Int)] = [:]
    /// What hosts have left when each has its own.
    private var ahead: Placement
    private var last: PlacementRequest?

    /// - Parameter requests: in any order.
    public init(of requests: some Sequence<PlacementRequest>, on placement: Placement) {
        ahead = placement
        for request in PlacementRequest.inOrder(requests) { assign(request) }
    }

    /// A VM's host, where one can run it.
    public subscript(_ vm: VMID) -> HostID? { hosts[vm] }

    /// How many VMs have a host.
    public var count: Int { hosts.count }

    /// A host's VMs in the order in which it shall claim them.
    public func share(of host: HostID) -> ArraySlice<VMID> {
        shares[host].map { $0.vms[$0.claimed...] } ?? []
    }

    /// Adds a VM behind all others.
    ///
    /// - Returns: false, and nothing is done, where others come after it.
    mutating func append(_ request: PlacementRequest) -> Bool {
        if let last, PlacementRequest.precedes(request, last) { return false }
        assign(request)
        return true
    }

    /// Takes out VMs that their own hosts have claimed as foreseen.
    ///
    /// - Returns: false where a host has left one out: then all is to be assigned anew.
    mutating func take(_ claimed: Set<VMID>) -> Bool {
        var left = claimed.count
        for host in Set(claimed.compactMap { hosts[$0] }) {
            guard var share = shares[host] else { return false }
            while share.claimed < share.vms.count, claimed.contains(share.vms[share.claimed]) {
                hosts[share.vms[share.claimed]] = nil
                share.claimed += 1
                left -= 1
            }
            shares[host] = share
        }
        return left == 0
    }

    /// Gives the VM to the best host, which has so much less left for the next one.
    private mutating func assign(_ request: PlacementRequest) {
        last = request
        guard let place = HostSearch(request, in: ahead).best(in: ahead) else { return }
        ahead.commit(request, at: place)
        let host = ahead.offers[place].host
        hosts[request.vm] = host
        shares[host, default: ([], 0)].vms.append(request.vm)
    }
}

extension Assignment: Equatable {
    public static func == (one: Self, other: Self) -> Bool { one.hosts == other.hosts }
}

extension Placement {
    /// How many hosts are to try a VM before one does: none before the host that it is assigned to,
    /// then the others in the order of their scores as they are now; nil where it cannot run the VM.
    public func rank(
        of host: HostID, for request: PlacementRequest, assigned: HostID
    ) -> Int? {
        if host == assigned { return 0 }
        guard let mine = place(of: host), let first = place(of: assigned) else { return nil }
        return HostSearch(request, in: self).rank(of: mine, in: self, without: first).map { $0 + 1 }
    }
}
