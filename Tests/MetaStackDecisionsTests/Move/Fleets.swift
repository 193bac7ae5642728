import MetaStackDecisions
import MetaStackModel

/// Clusters with VMs that run, for tests of who goes where.
extension Cluster {
    /// Hosts of 4,096 MiB and 4 processors, an image, and the flavour `tiny` of 256 MiB.
    static func fleet(_ hosts: String...) throws -> Cluster {
        var cluster = Cluster(revision: Revision(100))
        for host in hosts { try cluster.addHost(host) }
        try cluster.addFlavour("tiny", name: "tiny")
        return cluster
    }

    /// A VM that runs on a host, with a disk.
    mutating func run(
        _ vm: String, on host: String, ram: Int = 256, pin: String? = nil,
        moves: MoveWishes = MoveWishes(), since: Int64 = 0
    ) throws {
        let id = VMID(unchecked: vm)
        desiredVMs[id] = Stored(
            DesiredVM(
                name: ResourceName(unchecked: vm), flavour: "tiny", image: "tiny", state: .start,
                host: pin.map { HostID(unchecked: $0) }, moves: moves),
            revision: Revision(10), createRevision: Revision(10))
        actualVMs[id] = Stored(
            ActualVM(
                host: HostID(unchecked: host), state: .running, ram: try Mebibytes(ram), vcpus: 1,
                since: Timestamp(milliseconds: since)),
            revision: Revision(20), createRevision: Revision(20))
        volumes[id] = [
            VolumeID(vm: id): Stored(
                Volume(
                    pool: PoolName(unchecked: "vms"), image: "\(vm).root", vm: id,
                    vmCreateRevision: Revision(10), provisioned: true),
                revision: Revision(20), createRevision: Revision(20))
        ]
    }

    mutating func maintain(_ host: String, _ state: DesiredHost.State = .maintenance) {
        desiredHosts[HostID(unchecked: host)] = Stored(
            DesiredHost(state: state), revision: Revision(30), createRevision: Revision(30))
    }

    /// A move of the VM that is under way.
    mutating func begin(_ vm: String, to host: String) {
        actualVMs[VMID(unchecked: vm)]?.value.move = GuestMove(
            id: "m", to: HostID(unchecked: host), live: true, reason: "test",
            since: Timestamp(milliseconds: 0))
    }
}
