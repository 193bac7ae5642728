import MetaStackModel

/// How good a host is for a VM that it can run; the smaller one is the better.
///
/// Wishes count first, then the load that the host will have, and between equals the VM's own
/// order of hosts, so that equal hosts share VMs and a host that comes or goes changes no other's.
public struct Score: Sendable, Hashable, Comparable {
    /// Preferred labels that it lacks, and groups whose soft rule it breaks.
    public var unmet: Int
    /// In thousandths of what may be promised, of memory or of processors, whichever is fuller.
    public var load: Int
    /// From the VM's own order of hosts: the larger one goes first.
    public var weight: UInt64

    /// - Parameter order: the hash of the VM, to go on from.
    init(
        _ request: PlacementRequest, _ offer: HostOffer, seats: [String: Set<HostID>],
        order: StableHash
    ) {
        unmet = Self.unmet(request.wishes, offer, seats)
        let ram = (offer.usedRAM.count + request.ram.count) * 1000 / max(1, offer.ramLimit)
        let vcpus = (offer.usedVCPU + request.vcpus) * 1000 / max(1, offer.vcpuLimit)
        load = max(ram, vcpus)
        weight = Placement.weight(of: offer.host, in: order)
    }

    private static func unmet(
        _ wishes: PlacementWishes, _ offer: HostOffer, _ seats: [String: Set<HostID>]
    ) -> Int {
        guard !wishes.preferred.isEmpty || !wishes.groups.isEmpty else { return 0 }
        return wishes.preferred.count { offer.labels[$0.key] != $0.value }
            + wishes.groups.count { group, affinity in
                let here = offer.groups[group]?.count ?? 0
                return switch affinity {
                case .softAffinity: here == 0 && !(seats[group] ?? []).isEmpty
                case .softAntiAffinity: here > 0
                case .affinity, .antiAffinity: false
                }
            }
    }

    public static func < (one: Self, other: Self) -> Bool {
        (one.unmet, one.load, other.weight) < (other.unmet, other.load, one.weight)
    }
}
