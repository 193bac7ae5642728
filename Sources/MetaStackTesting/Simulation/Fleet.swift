import Etcd
import FoundationEssentials
import Logging
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore

/// What a simulated run consists of.
public struct SimulationOptions: Sendable {
    public var seed: UInt64
    public var nodes: Int
    public var vms: Int
    /// Virtual time with faults, before all is mended.
    public var time: Duration
    public var ttl: Duration
    /// A quarter of the seeds does without, since the disks' safety rests on none.
    public var hasWatchdog: Bool
    /// Whether VMs have NICs on a network, which come and go: in three of sixteen seeds, and in every
    /// one whose mistake is about them.
    public var hasNetworks: Bool
    public var mutation: Mutation?

    public init(
        seed: UInt64, nodes: Int = 3, vms: Int = 4, time: Duration = .seconds(30),
        ttl: Duration? = nil, hasWatchdog: Bool? = nil, mutation: Mutation? = nil
    ) {
        self.seed = seed
        self.nodes = nodes
        self.vms = vms
        self.time = time
        // A third of the seeds has the shortest lease, which leaves the least room.
        self.ttl = ttl ?? (seed % 3 == 0 ? .seconds(2) : .seconds(5))
        self.hasWatchdog = hasWatchdog ?? (seed % 4 != 1)
        hasNetworks = mutation?.isOfNetworks ?? false || [2, 13, 14].contains(seed % 16)
        self.mutation = mutation
    }
}

/// Counts domains in the order of their creation.
private final class Serials {
    private var last = 0

    func next() -> Int {
        last += 1
        return last
    }
}

/// All parts of one simulated deployment, built in order.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedFleet: @unchecked Sendable {
    static let prefix = "/metastack"
    let options: SimulationOptions
    let world: World
    let network: Network
    let etcd: EtcdCluster
    let ceph: SimulatedCeph
    private(set) var nodes: [Node] = []
    let oracle: Oracle
    private let serials: Serials
    let migrations: SimulatedMigrations
    /// What was last read of etcd as a whole.
    private var known = Cluster()

    init(_ options: SimulationOptions, trace: Trace) throws {
        self.options = options
        world = World(seed: options.seed, trace: trace)
        network = Network(world: world)
        etcd = EtcdCluster(world: world, network: network)
        // Ceph's own default, and a shorter one for every second seed.
        ceph = SimulatedCeph(
            world: world, network: network,
            watchTimeout: options.seed.isMultiple(of: 2) ? .seconds(8) : .seconds(30))
        let serials = Serials()
        self.serials = serials
        migrations = SimulatedMigrations(
            world: world, network: network, ceph: ceph, serial: { serials.next() })
        oracle = Oracle(world: world, options: options)
        oracle.fleet = self
        ceph.oracle = oracle
        let ram = (options.vms * 1024 * 2) / max(1, options.nodes) + 1024
        for number in 0..<options.nodes {
            nodes.append(
                Node(
                    host: try SimulatedHost(number: number, ram: ram, world: world), fleet: self))
        }
        migrations.host = { [unowned self] number in
            nodes.indices.contains(number) ? nodes[number].host : nil
        }
        etcd.onCommit = { [oracle] in oracle.committed($0) }
        network.onChange = { [self] in
            etcd.reconsider()
            ceph.pathsChanged(hosts: options.nodes)
        }
    }

    var isTraced: Bool { world.trace.isOn }

    /// What one process of an agent is given; a mutation puts its lies in between.
    func parts(for node: Node, _ process: Process, _ heartbeat: Heartbeat) -> Agent.Parts {
        let number = node.host.number
        let client = SimulatedEtcd(cluster: etcd, process: process, host: number)
        node.client = client
        let clock = SimulatedClock(machine: node.host.clock, process: process, world: world)
        let hypervisor = SimulatedHypervisor(
            host: node.host, process: process, ceph: ceph, hosts: migrations,
            serial: { [serials] in serials.next() })
        let storage = SimulatedStorage(ceph: ceph, process: process, host: number)
        let real = Parts(
            etcd: client, hypervisor: hypervisor, storage: storage,
            network: options.hasNetworks ? node.host.network : nil,
            random: SimulatedRandom(world: world))
        let planted = options.mutation?.plant(in: real, node, self) ?? real
        return Agent.Parts(
            store: ClusterStore(
                client: planted.etcd, prefix: Self.prefix,
                pause: { try await clock.sleep(until: clock.now + $0) }),
            hypervisor: planted.hypervisor, storage: planted.storage, files: FakeImageFiles(),
            clock: clock, random: planted.random, heartbeat: heartbeat,
            proofs: SimulatedProof(host: node.host, process: process), network: planted.network)
    }

    /// The seams of one process.
    struct Parts {
        var etcd: any EtcdCalls
        var hypervisor: any Hypervisor
        var storage: any BlockStorage
        var network: (any GuestNetwork)?
        var random: any NodeRandom
    }

    func logger(_ name: String) -> Logger {
        guard isTraced else {
            return Logger(label: name) { _ in SwiftLogNoOpLogHandler() }
        }
        var logger = Logger(label: name) { [world] name in SimulatedLog(name: name, world: world) }
        logger.logLevel = .debug
        return logger
    }

    func stop() {
        migrations.host = { _ in nil }
        for node in nodes { node.kill(restartAfter: nil) }
        world.stop()
        etcd.onCommit = { _ in }
        network.onChange = {}
        nodes = []
    }

    // MARK: Records, as management writes them

    func key(_ record: RecordKey) -> Key {
        record.components.reduce(Key(Self.prefix)) { $0.appending($1) }
    }

    func put(_ record: RecordKey, _ value: some Record) throws {
        etcd.commit([.put(key(record), try value.json(), lease: nil)])
    }

    func delete(_ record: RecordKey) { etcd.commit([.delete(.key(key(record)))]) }

    func stored(_ record: RecordKey) -> KeyValue? { etcd.space.keys[key(record)] }

    /// Everything that is in etcd, as a node would read it.
    var cluster: Cluster {
        if known.revision == .init(etcd.space.revision) { return known }
        var cluster = Cluster()
        let start = Self.prefix.utf8.count + 1
        for keyValue in etcd.space.keys.values.sorted(by: { $0.key < $1.key }) {
            cluster.apply(
                RawRecord(
                    path: String(keyValue.key.string.dropFirst(start)), json: keyValue.value,
                    revision: .init(keyValue.modRevision.rawValue),
                    createRevision: .init(keyValue.createRevision.rawValue),
                    lease: keyValue.lease.map { LeaseNumber($0.rawValue) }))
        }
        cluster.revision = .init(etcd.space.revision)
        known = cluster
        return cluster
    }
}

/// What agents say, as lines of the trace.
struct SimulatedLog: LogHandler {
    let name: String
    let world: World
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.debug

    init(name: String, world: World) {
        self.name = name
        self.world = world
    }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let all = metadata.merging(event.metadata ?? [:]) { $1 }
        let words = all.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        world.note("\(name) \(event.level) \(event.message) \(words.joined(separator: " "))")
    }
}
