import MetaStackAgent
import MetaStackModel
import MetaStackTesting
import Testing

/// Whole agents over a real etcd, with a fake hypervisor a host and one fake storage for all.
///
/// One at a time: they measure how soon things happen, and each has an etcd of its own.
@Suite(.serialized) struct AgentTests {}

let web = VMID(unchecked: "web")

extension TestFleet {
    /// Hosts `a`, `b`, … with their agents, and the image imported, so that a VM needs no more than
    /// its record.
    func startHosts(_ count: Int = 1, ram: Int = 4096) async throws -> [Started] {
        try await addTinyFlavourAndImage()
        let started = try zip(["a", "b", "c"], 1...count).map { name, number in
            let host = try host(name, number: number, ram: ram)
            return Started(host: host, agent: start(host))
        }
        try await until("all hosts are there and the image is ready") { cluster in
            cluster.hosts.count == count
                && cluster.actualImages[ImageID(unchecked: "tiny")]?.value.state == .ready
        }
        return started
    }

    /// The one disk of a VM, and where it is.
    func disk(of vm: VMID) async throws -> (path: FakeDiskPath, disk: FakeDisk) {
        let volume = try await store.load().volumes[vm]?[VolumeID(vm: vm)]
        guard let volume else { throw TestingError("VM \(vm) has no volume record") }
        let path = FakeDiskPath(pool: volume.value.pool, image: volume.value.image)
        guard let disk = await storage.disks[path] else {
            throw TestingError("there is no image \(path)")
        }
        return (path, disk)
    }
}

/// A host and the agent that was started on it.
struct Started: Sendable {
    let host: TestHost
    let agent: AgentRun

    var id: HostID { host.id }
    var hypervisor: FakeHypervisor { host.hypervisor }
}

extension [Started] {
    /// The host that runs a VM, and the others.
    func split(by owner: HostID?) throws -> (owner: Started, others: [Started]) {
        guard let one = first(where: { $0.id == owner }) else {
            throw TestingError("no host is called \(owner?.text ?? "nil")")
        }
        return (one, filter { $0.id != owner })
    }
}
