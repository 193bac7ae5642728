public import Etcd
public import Logging
public import MetaStackAgent
import MetaStackModel
public import MetaStackStore

/// Several nodes in one process: real agents over a real etcd, with fake hypervisors and one fake
/// storage for all of them.
///
/// Everything it makes ends with `run`'s body, whether that returned or threw.
public struct TestFleet: Sendable {
    /// Where hosts' names stand in etcd and how to get at what is there.
    public let store: ClusterStore
    public let storage: FakeStorage
    private let hypervisors = FakeHypervisors()
    public let files: FakeImageFiles
    public let log: TestLog
    public let prefix: String
    private let leaseTTL: Duration
    /// Where the etcd is.
    public let server: EtcdServer
    private let orderer: AsyncStream<Order>.Continuation

    private struct Order: Sendable {
        var host: TestHost
        var files: any ImageFiles
        var heartbeat: Heartbeat?
        var etcd: @Sendable (EtcdClient) -> any EtcdCalls
        var adjust: @Sendable (inout Agent.Parts) -> Void
        var run: AgentRun
    }

    /// Starts etcd and hands an empty fleet to `body`.
    ///
    /// - Parameters:
    ///   - leaseTTL: whole seconds; etcd grants none under 2 s.
    ///   - etcdQuota: the bytes that etcd's database may have; etcd's own limit without.
    ///   - logLevel: what the agents say less of costs no time where time is measured.
    /// - Throws: what `body` throws, with the agents' last words where it is a `TestingError`.
    public static func run(
        leaseTTL: Duration = .seconds(2), etcdQuota: Int? = nil,
        logLevel: Logger.Level = .debug,
        _ body: @Sendable (TestFleet) async throws -> Void
    ) async throws {
        try await EtcdServer.run(quota: etcdQuota) { server in
            try await server.withClient { client in
                let (orders, orderer) = AsyncStream<Order>.makeStream()
                let prefix = "/fleet"
                let fleet = TestFleet(
                    store: ClusterStore(client: client, prefix: prefix), storage: FakeStorage(),
                    files: FakeImageFiles(), log: TestLog(level: logLevel), prefix: prefix,
                    leaseTTL: leaseTTL, server: server, orderer: orderer)
                try await fleet.serve(orders, body)
            }
        }
    }

    private func serve(
        _ orders: AsyncStream<Order>, _ body: @Sendable (TestFleet) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup { group in
            group.addTask {
                await withDiscardingTaskGroup { agents in
                    for await order in orders { agents.addTask { await perform(order) } }
                    agents.cancelAll()
                }
            }
            do {
                try await body(self)
            } catch let error as TestingError {
                orderer.finish()
                throw TestingError("\(error)\nThe agents' last words:\n\(log.tail)")
            }
            orderer.finish()
            try await group.next()
        }
    }

    /// A new host; its agent is not started yet.
    ///
    /// - Parameters:
    ///   - number: tells machines apart.
    ///   - ram: in MiB.
    public func host(
        _ name: String, number: Int, ram: Int = 4096, vcpus: Int = 4
    ) throws -> TestHost {
        try TestHost(
            name, number: number, ram: ram, vcpus: vcpus, leaseTTL: leaseTTL, storage: storage,
            others: hypervisors)
    }

    /// Starts an agent on a host.
    ///
    /// - Parameters:
    ///   - files: where its images come from; the fleet's own without.
    ///   - heartbeat: what the agent tells a watchdog.
    ///   - etcd: what the agent has for its client of etcd, made from the real one.
    ///   - adjust: changes the agent's other parts before it starts.
    @discardableResult
    public func start(
        _ host: TestHost, files: (any ImageFiles)? = nil, heartbeat: Heartbeat? = nil,
        etcd: @escaping @Sendable (EtcdClient) -> any EtcdCalls = { $0 },
        adjust: @escaping @Sendable (inout Agent.Parts) -> Void = { _ in }
    ) -> AgentRun {
        let run = AgentRun()
        orderer.yield(
            Order(
                host: host, files: files ?? self.files, heartbeat: heartbeat, etcd: etcd,
                adjust: adjust, run: run))
        return run
    }

    private func perform(_ order: Order) async {
        let logger = log.logger(order.host.id.text)
        do {
            // A client of its own, as a process of its own would have.
            try await server.withClient { client in
                var parts = Agent.Parts(
                    store: ClusterStore(client: order.etcd(client), prefix: prefix),
                    hypervisor: order.host.hypervisor, storage: storage, files: order.files,
                    heartbeat: order.heartbeat, network: order.host.network)
                order.adjust(&parts)
                let agent = try await Agent(order.host.configuration, parts, logger: logger)
                await order.run.run(agent, logger: logger)
            }
        } catch {
            logger.error("the agent did not start", metadata: ["error": "\(error)"])
        }
        order.run.finish()
    }
}
