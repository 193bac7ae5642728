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

    /// What the host will have promised, in thousandths.
    static func load(_ request: PlacementRequest, _ offer: HostOffer) -> Int {
        let ram = (offer.usedRAM.count + request.ram.count) * 1000 / max(1, offer.ramLimit)
        let vcpus = (offer.usedVCPU + request.vcpus) * 1000 / max(1, offer.vcpuLimit)
        return max(ram, vcpus)
    }

    /// Preferred labels that the host lacks.
    static func unmetLabels(_ wishes: PlacementWishes, _ offer: HostOffer) -> Int {
        wishes.preferred.isEmpty
            ? 0 : wishes.preferred.count { offer.labels[$0.key] != $0.value }
    }

    /// Groups whose soft rule the host breaks.
    static func unmetGroups(
        _ wishes: PlacementWishes, _ offer: HostOffer, _ seats: [String: Set<HostID>]
    ) -> Int {
        wishes.groups.isEmpty
            ? 0
            : wishes.groups.count { group, affinity in
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
