import Etcd
public import Logging
public import MetaStackModel
public import MetaStackStore
public import ServiceLifecycle

/// The daemon's map: builds its services in order and says who talks to whom.
///
/// Records come in through `WatchService` into the `NodeView`; `ChangeRouter` marks what they are
/// about; `GuestService` and `ImageService` read the view, ask the rules of `MetaStackDecisions`
/// for one step each, and perform it. `SessionService` keeps the lease; `DomainService` hears the
/// hypervisor.
public struct Agent: Service {
    /// What an agent is given: etcd, a hypervisor and storage, in earnest or in a test.
    public struct Parts: Sendable {
        public var store: ClusterStore
        public var hypervisor: any Hypervisor
        public var storage: any BlockStorage
        public var files: any ImageFiles
        public var clock: any NodeClock
        public var random: any NodeRandom
        /// What the session's loop tells the watchdog; nil where nobody listens.
        public var heartbeat: Heartbeat?
        /// What the agent before this one left; nil where none can have.
        public var proofs: (any ProofRecord)?
        /// The guests' consoles; nil where they have none.
        public var consoles: ConsoleLogs?
        /// What links the host has; nil where nobody looks.
        public var links: HostLinksSource?
        /// What makes guests' networks; nil where nobody does.
        public var network: (any GuestNetwork)?
        /// Is told the deployment's syslog server (`global_config/syslog_server`), whenever it may have
        /// changed; nil where the program's own configuration counts.
        public var syslog: @Sendable (LogSettings.Syslog?) -> Void

        public init(
            store: ClusterStore, hypervisor: any Hypervisor, storage: any BlockStorage,
            files: any ImageFiles, clock: any NodeClock = SystemClock(),
            random: any NodeRandom = SystemRandom(),
            heartbeat: Heartbeat? = nil, proofs: (any ProofRecord)? = nil,
            consoles: ConsoleLogs? = nil,
            links: HostLinksSource? = nil,
            network: (any GuestNetwork)? = nil,
            syslog: @escaping @Sendable (LogSettings.Syslog?) -> Void = { _ in }
        ) {
            self.store = store
            self.hypervisor = hypervisor
            self.storage = storage
            self.files = files
            self.clock = clock
            self.random = random
            self.heartbeat = heartbeat
            self.proofs = proofs
            self.consoles = consoles
            self.links = links
            self.network = network
            self.syslog = syslog
        }
    }

    private let services: [any Service]
    private let logger: Logger

    /// - Throws: where the hypervisor cannot say what the host has.
    public init(_ configuration: NodeConfiguration, _ parts: Parts, logger: Logger) async throws {
        let me = configuration.node.name
        let clock = parts.clock
        let view = NodeView(me: me, ttl: configuration.node.leaseTTL)
        let capacity = try await parts.hypervisor.capacity()
        let host = HostRecord(
            HostRecord.Fixed(configuration, since: clock.timestamp),
            capacity: capacity, store: parts.store, view: view,
            clock: clock, logger: logger)
        let router = ChangeRouter(
            view: view, guests: WorkQueue(clock: clock), images: WorkQueue(clock: clock),
            host: WorkQueue(clock: clock), syslog: parts.syslog, clock: clock, logger: logger)
        host.setPlane(try await parts.network?.plane())
        let keeper = parts.network.map {
            NetworkKeeper(network: $0, view: view, clock: clock, logger: logger)
        }
        let metadata = MetadataAnswers(view: view, clock: clock)
        parts.network?.answerMetadata { metadata.answer($0) }
        let domains = LocalDomains(hypervisor: parts.hypervisor, view: view)
        let performer = GuestPerformer(
            view: view, store: parts.store, hypervisor: parts.hypervisor, storage: parts.storage,
            settings: GuestSettings(
                vmPool: configuration.storage.vmPool,
                consoleDirectory: configuration.libvirt.consoleDirectory,
                startConcurrency: configuration.node.startConcurrency ?? capacity.vcpus),
            networks: keeper, queue: router.guests, clock: clock, random: parts.random,
            logger: logger)
        let importer = ImageImporter(
            view: view, store: parts.store, storage: parts.storage, files: parts.files,
            pool: configuration.storage.imagePool, clock: clock, random: parts.random,
            logger: logger)
        let consoles = parts.consoles.map {
            ConsoleService(consoles: $0, view: view, clock: clock, logger: logger)
        }
        let networkService = keeper.map {
            NetworkService(keeper: $0, view: view, clock: clock, logger: logger)
        }
        let linksService = parts.links.map {
            HostLinksService(
                links: $0, network: parts.network, host: host, router: router, clock: clock,
                logger: logger)
        }
        let figures = NodeFigures(view: view, hypervisor: parts.hypervisor, clock: clock)
        let metricsService = configuration.metrics.listen.map {
            MetricsService(
                listen: $0, figures: { await figures.text() }, clock: clock, logger: logger)
        }
        let witnesses = Witnesses(store: parts.store, logger: logger)
        services =
            [
                StorageService(
                    storage: parts.storage, settings: configuration.storage, host: host,
                    router: router, clock: clock, logger: logger),
                StorageReportService(
                    storage: parts.storage, settings: configuration.storage, host: host,
                    router: router, clock: clock, logger: logger),
                WatchService(
                    store: parts.store, view: view, router: router, witnesses: witnesses,
                    clock: clock, random: parts.random, logger: logger),
                DomainService(
                    hypervisor: parts.hypervisor, domains: domains, view: view, host: host,
                    router: router, clock: clock, logger: logger),
                SessionService(
                    store: parts.store, view: view, host: host, router: router,
                    guests: GuestGuard(
                        view: view, domains: domains, witnesses: witnesses,
                        heartbeat: parts.heartbeat, clock: clock, logger: logger),
                    heartbeat: parts.heartbeat, proofs: parts.proofs, clock: clock, logger: logger),
                HostService(
                    record: host, view: view, queue: router.host, clock: clock, logger: logger),
                GuestService(
                    view: view, queue: router.guests, performer: performer, domains: domains,
                    clock: clock, logger: logger),
                RebalanceService(
                    view: view, performer: performer, queue: router.guests, clock: clock),
                ImageService(
                    view: view, queue: router.images, importer: importer, clock: clock,
                    logger: logger),
            ]
            + ([consoles, linksService, networkService, metricsService] as [(any Service)?])
            .compactMap(\.self)
        self.logger = logger
    }

    /// Runs until its group shuts down gracefully, which leaves every guest as it is, or until one
    /// service fails, which ends them all.
    public func run() async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { .init(service: EndedByShutdown(service: $0)) },
                logger: logger))
        try await withGracefulShutdownHandler {
            try await group.run()
        } onGracefulShutdown: {
            Task { await group.triggerGracefulShutdown() }
        }
    }
}

/// A service that is cancelled has been told to end, and its group is not to take that for a failure.
///
/// Its description is the service's name: the group takes one of each at once, and the default one is
/// the service's whole structure.
private struct EndedByShutdown: Service, CustomStringConvertible {
    let service: any Service

    var description: String { "\(type(of: service))" }

    func run() async throws {
        do {
            try await service.run()
        } catch is CancellationError {
            return
        }
    }
}
