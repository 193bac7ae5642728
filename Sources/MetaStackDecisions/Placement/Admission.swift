public import MetaStackModel

/// Why a host cannot run a VM, in the words that people read.
public struct Refusal: Sendable, Equatable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}

/// Whether a host can run a VM at all. Pure, and the same on every node.
public enum Admission {
    /// Every reason against; empty where the VM fits.
    ///
    /// - Parameters:
    ///   - declined: why the host could not run it when it tried lately.
    ///   - seats: the hosts that run members of each of the VM's groups.
    public static func refusals(
        of request: PlacementRequest, by offer: HostOffer, declined: String? = nil,
        seats: [String: Set<HostID>] = [:]
    ) -> [Refusal] {
        var reasons: [String] = []
        if let refusal = offer.refusal { reasons.append(refusal) }
        if let pin = request.pin, pin != offer.host {
            reasons.append("the VM is pinned to host \(pin)")
        }
        if let declined { reasons.append("it tried and could not: \(declined)") }
        reasons += capacity(request, offer)
        reasons += labels(request, offer)
        reasons += missingPools(request, offer).sorted().map { "it has no pool \($0)" }
        reasons += request.needs.compactMap { offer.networks.problem(with: $0) }.sorted()
        reasons += groups(request, offer, seats)
        return reasons.map { Refusal($0) }
    }

    /// The same without the words, for the host's own labels.
    static func suits(_ request: PlacementRequest, labels: [String: String]) -> Bool {
        request.wishes.required.allSatisfy { labels[$0.key] == $0.value }
    }

    /// The same for what most hosts have alike.
    static func suits(_ request: PlacementRequest, _ equipment: HostOffer.Equipment) -> Bool {
        (equipment.pools.isEmpty || request.pools.isSubset(of: equipment.pools))
            && request.needs.allSatisfy { equipment.networks.problem(with: $0) == nil }
    }

    /// The same for its size and what is left of it.
    static func hasRoom(for request: PlacementRequest, _ offer: HostOffer) -> Bool {
        request.ram.count <= offer.freeRAM && request.vcpus <= offer.freeVCPU
            && request.vcpus <= offer.totalVCPU
    }

    /// Whether no member of the VM's groups speaks against the host.
    static func allowsGroups(
        of request: PlacementRequest, _ offer: HostOffer, _ seats: [String: Set<HostID>]
    ) -> Bool {
        request.wishes.groups.isEmpty || groups(request, offer, seats).isEmpty
    }

    /// A host that names no pools has not looked yet; it is not asked.
    private static func missingPools(
        _ request: PlacementRequest, _ offer: HostOffer
    ) -> Set<PoolName> {
        offer.pools.isEmpty ? [] : request.pools.subtracting(offer.pools)
    }

    private static func capacity(_ request: PlacementRequest, _ offer: HostOffer) -> [String] {
        var reasons: [String] = []
        if request.ram.count > offer.freeRAM {
            var text = "needs \(request.ram), \(max(0, offer.freeRAM)) free of "
            text += "\(offer.totalRAM.count), \(offer.reservedRAM.count) reserved"
            if offer.ramOvercommit != .none {
                text += ", overcommitted \(offer.ramOvercommit) times"
            }
            reasons.append(text)
        }
        if request.vcpus > offer.freeVCPU {
            reasons.append(
                "needs \(request.vcpus) vCPUs, \(max(0, offer.freeVCPU)) free of "
                    + "\(offer.vcpuLimit)")
        } else if request.vcpus > offer.totalVCPU {
            reasons.append("needs \(request.vcpus) vCPUs, the host has \(offer.totalVCPU) cores")
        }
        return reasons
    }

    private static func labels(_ request: PlacementRequest, _ offer: HostOffer) -> [String] {
        request.wishes.required.sorted { $0.key < $1.key }.compactMap { name, value in
            switch offer.labels[name] {
            case value?: nil
            case let other?: "needs label \(name)=\(value), the host has \(name)=\(other)"
            case nil: "needs label \(name)=\(value), the host has none"
            }
        }
    }

    private static func groups(
        _ request: PlacementRequest, _ offer: HostOffer, _ seats: [String: Set<HostID>]
    ) -> [String] {
        request.wishes.groups.sorted { $0.key < $1.key }.compactMap { group, affinity in
            let here = offer.groups[group] ?? HostOffer.Members()
            if here.wantingNone > 0 || (affinity == .antiAffinity && here.count > 0) {
                return "group \(group) keeps its VMs apart, and the host runs one of them"
            }
            if affinity == .affinity, here.count == 0, let seats = seats[group], !seats.isEmpty {
                return "group \(group) keeps its VMs together, and they run on "
                    + seats.sorted().map(\.text).joined(separator: ", ")
            }
            return nil
        }
    }
}
