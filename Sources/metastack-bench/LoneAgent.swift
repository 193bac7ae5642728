import ArgumentParser
import Etcd
import Foundation
import Logging
import MetaStackAgent
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import ServiceLifecycle

/// One agent over fakes in a process of its own, so that the kernel can say what it costs. What
/// ``ScaleBenchmark`` starts; it ends when it is killed.
struct LoneAgent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent", abstract: "One agent in memory, for other benchmarks.",
        shouldDisplay: false)

    @Option var endpoint: String
    @Option var prefix: String
    @Option var name: String

    @Flag(help: "Keep a lease and a watch, and do nothing else: the floor.")
    var bare = false

    func run() async throws {
        // As metastack-node does.
        ProcessMemory.limitArenas()
        let logger = Logger(label: name) { _ in SwiftLogNoOpLogHandler() }
        let client = try EtcdClient(
            EtcdConfiguration(endpoints: [endpoint]), logger: logger)
        if bare { return try await keepLeaseAndWatch(client) }
        let storage = FakeStorage()
        // There are no disks behind the records: what it claims, it never comes to start.
        for call in [FakeStorage.Call.clone, .evict] {
            storage.calls.before(call) { try await Task.sleep(for: .seconds(3600)) }
        }
        let hypervisor = FakeHypervisor(
            capacity: HypervisorCapacity(
                ram: try Mebibytes(1 << 18), vcpus: 32, machine: name, description: "fake"),
            address: "10.255.0.1", storage: storage)
        let agent = try await Agent(
            NodeConfiguration(name: try HostID(name)),
            Agent.Parts(
                store: ClusterStore(client: client, prefix: prefix), hypervisor: hypervisor,
                storage: storage, files: FakeImageFiles()),
            logger: logger)
        try await ServiceGroup(
            services: [ProcessMemory(logger: logger), agent], logger: logger
        ).run()
    }

    private func keepLeaseAndWatch(_ client: EtcdClient) async throws {
        let ttl = try NodeConfiguration(name: HostID(name)).node.leaseTTL
        let lease = try await client.grantLease(ttl: ttl)
        try await withThrowingTaskGroup { group in
            group.addTask {
                for try await _ in client.watch(.children(of: Key(prefix))) {}
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: ttl / 3)
                    _ = try await client.keepAlive(lease.id)
                }
            }
            try await group.waitForAll()
        }
    }
}
