import MetaStackModel

/// What a VM's claim takes of hosts, as the records say it.
struct Commitment: Equatable {
    /// Those that it takes room of.
    var hosts: [HostID]
    var ram: Mebibytes
    var vcpus: Int
    /// The desired record says which groups the VM is in.
    var groups: [String: PlacementWishes.Affinity]

    /// nil where nobody owns the VM.
    init?(_ vm: VMID, in cluster: Cluster) {
        guard let claim = cluster.actualVMs[vm]?.value else { return nil }
        // A VM that moves takes room at both ends.
        hosts = claim.move.map { [claim.host, $0.to] } ?? [claim.host]
        ram = claim.ram
        vcpus = claim.vcpus
        groups = cluster.desiredVMs[vm]?.value.placement.groups ?? [:]
    }

    /// Whether it is what an assignment has foreseen.
    func isOf(_ request: PlacementRequest, on host: HostID?) -> Bool {
        hosts == [host].compactMap(\.self) && ram == request.ram && vcpus == request.vcpus
            && groups == request.wishes.groups
    }
}
