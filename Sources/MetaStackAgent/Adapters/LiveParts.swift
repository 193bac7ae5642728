import Curl
import Etcd
import Foundation
public import Logging
public import MetaStackModel
import MetaStackStore
public import ServiceLifecycle

/// A node on real parts: connects to Ceph, libvirt and etcd, then runs the agent.
///
/// A part that is not there yet is waited for, with one sentence in the log each time it was tried:
/// after a power cut everything comes up at once, in any order.
public struct NodeService: Service {
    private static let retryAfter = Duration.seconds(3)
    /// Between two tries to suspend guests.
    private static let fenceAgainAfter = Duration.milliseconds(200)

    private let configuration: NodeConfiguration
    private let heartbeat: Heartbeat
    private let syslog: @Sendable (LogSettings.Syslog?) -> Void
    private let logger: Logger

    /// - Parameters:
    ///   - heartbeat: what the session's loop tells the watchdog.
    ///   - syslog: is told the deployment's syslog server, see ``Agent/Parts/syslog``.
    public init(
        _ configuration: NodeConfiguration, heartbeat: Heartbeat,
        syslog: @escaping @Sendable (LogSettings.Syslog?) -> Void, logger: Logger
    ) {
        self.configuration = configuration
        self.heartbeat = heartbeat
        self.syslog = syslog
        self.logger = logger
    }

    /// Ends within a second of a graceful shutdown and leaves every guest as it is.
    public func run() async throws {
        guard let agent = try await guarded() else { return }
        try await agent.run()
    }

    /// An agent before this one may have left guests, and its lease does not wait for this one's parts.
    private func guarded() async throws -> Agent? {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await suspendGuestsOfBefore() }
            defer { group.cancelAll() }
            return try await prepared()
        }
    }

    private func suspendGuestsOfBefore() async throws {
        let budget = WatchdogBudget(ttl: configuration.node.leaseTTL)
        let provenUntil = ProofFile(of: configuration.node.name).read()
        try await Task.sleep(for: budget.fenceDelay(provenUntil: provenUntil, at: .now))
        let fence = GuestFence(uri: configuration.libvirt.uri, deadline: budget.fence)
        while true {
            let report = await fence.run()
            if !report.guests.isEmpty {
                logger.error(
                    "suspending the guests of the agent before, whose lease ends",
                    metadata: ["guests": "\(report.guests)"])
            }
            if report.isComplete { return }
            try await Task.sleep(for: Self.fenceAgainAfter)
        }
    }

    /// nil where the shutdown came first.
    private func prepared() async throws -> Agent? {
        try await cancelWhenGracefulShutdown {
            do {
                let storage = try await connected("storage") {
                    try await CephStorage(configuration.storage)
                }
                let hypervisor = try await connected("hypervisor") {
                    try await self.hypervisor(over: storage)
                }
                return try await Agent(
                    configuration, parts(hypervisor, storage, await network()), logger: logger)
            } catch is CancellationError {
                return nil
            }
        }
    }

    /// Tries until it works.
    private func connected<Part: Sendable>(
        _ what: String, _ connect: () async throws -> Part
    ) async throws -> Part {
        while true {
            do {
                return try await connect()
            } catch is CancellationError {
                throw CancellationError()
            } catch {
                logger.error(
                    "cannot connect, trying again",
                    metadata: ["part": "\(what)", "error": "\(error)"])
                try await Task.sleep(for: Self.retryAfter)
            }
        }
    }

    private func hypervisor(over storage: CephStorage) async throws -> LibvirtHypervisor {
        let hypervisor = LibvirtHypervisor(
            LibvirtHypervisor.Settings(
                uri: configuration.libvirt.uri,
                migrationURI: configuration.libvirt.migrationURI
                    .replacing("ADDRESS", with: HostAddresses.first ?? "localhost"),
                bridge: configuration.network.bridge, driver: configuration.network.driver,
                secret: try await storage.secret()),
            choice: DomainTypeChoice(
                configuration.libvirt.domainType, uri: configuration.libvirt.uri, logger: logger),
            logger: logger)
        try await hypervisor.connect()
        return hypervisor
    }

    /// nil where the host cannot make any, which costs those VMs alone that need one.
    private func network() async -> (any GuestNetwork)? {
        do {
            return try await LinuxGuestNetwork(
                directory: "/run/metastack/\(configuration.node.name).networks",
                bridge: try InterfaceName(configuration.network.bridge),
                underlay: HostAddresses.underlay(configuration.network.underlay),
                driver: configuration.network.driver)
        } catch {
            logger.error("no guests' networks on this host", metadata: ["error": "\(error)"])
            return nil
        }
    }

    /// nil where the kernel does not tell of them; guests' networks then have no bridge or uplink here.
    private func links() -> HostLinksSource? {
        do {
            return try HostLinksSource.host(of: configuration.network.driver)
        } catch {
            logger.error("no links known of this host", metadata: ["error": "\(error)"])
            return nil
        }
    }

    private func parts(
        _ hypervisor: LibvirtHypervisor, _ storage: CephStorage, _ network: (any GuestNetwork)?
    ) throws -> Agent.Parts {
        let client = try EtcdClient(EtcdConfiguration(configuration.etcd), logger: logger)
        return Agent.Parts(
            store: ClusterStore(client: client, prefix: configuration.etcd.prefix),
            hypervisor: hypervisor, storage: storage,
            files: LocalImageFiles(
                directory: "/var/lib/metastack/images", host: configuration.node.name,
                curl: try Curl(name: "images")),
            heartbeat: heartbeat, proofs: ProofFile(of: configuration.node.name),
            consoles: ConsoleLogs(directory: configuration.libvirt.consoleDirectory),
            links: links(),
            network: network, syslog: syslog)
    }
}
