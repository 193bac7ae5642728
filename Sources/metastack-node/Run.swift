import ArgumentParser
import Foundation
import Logging
import MetaStackAgent
import MetaStackLogging
import MetaStackModel
import ServiceLifecycle
import UnixSignals

/// `metastack-node run`: reads its configuration and runs the agent until it is told to stop.
struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run the agent (the default).",
        discussion: """
            SIGTERM ends the agent and leaves its guests running; started again within the lease's \
            TTL it goes on with them. Where no agent is started they are suspended before the TTL is \
            over, since other hosts start them then. Under systemd it says when it has started (Type=notify) and \
            feeds the watchdog (WatchdogSec).
            """)

    @OptionGroup var options: NodeOptions

    func run() async throws {
        ProcessMemory.limitArenas()
        let configuration = try options.read()
        let log = ProgramLog(
            configuration.log, application: "metastack-node",
            metadata: ["node": "\(configuration.node.name)"])
        log.bootstrap()
        let logger = log.logger()
        logger.info("starting", metadata: ["version": "\(Version.current)"])
        let lock = try await lock(configuration.node.name, logger)
        let heartbeat = Heartbeat(ttl: configuration.node.leaseTTL)
        let will = LastWill(
            config: options.config, heartbeat: heartbeat,
            budget: WatchdogBudget(ttl: configuration.node.leaseTTL), logger: logger)
        let node = NodeService(
            configuration, heartbeat: heartbeat, syslog: { log.use($0) }, logger: logger)
        // The last is told first to shut down: the device is released before anything else ends.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: ProcessMemory(logger: logger)),
                    .init(service: PromptEnd(node: node, will: will)),
                    .init(service: try watchdog(configuration.node, heartbeat, logger)),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger.quiet(logger)))
        try await group.run()
        will.make()
        withExtendedLifetime(lock) {}
        logger.info("stopped, guests run on")
        await log.close()
    }

    /// Waits a moment for an agent that is about to end.
    ///
    /// - Throws: `AgentLock.Problem.taken` where one of this name runs on.
    private func lock(_ node: HostID, _ logger: Logger) async throws -> AgentLock? {
        let end = ContinuousClock.now + .seconds(3)
        while true {
            switch AgentLock.take(of: node) {
            case .success(let lock):
                return lock
            case .failure(.taken) where ContinuousClock.now < end:
                try await Task.sleep(for: .milliseconds(20))
            case .failure(.unusable(let path, let reason)):
                logger.warning(
                    "no lock, the fence after a stop will not see this agent",
                    metadata: ["path": "\(path)", "error": "\(reason)"])
                return nil
            case .failure(let problem):
                throw problem
            }
        }
    }

    private func watchdog(
        _ node: NodeSettings, _ heartbeat: Heartbeat, _ logger: Logger
    ) throws -> WatchdogService {
        let budget = WatchdogBudget(ttl: node.leaseTTL)
        return WatchdogService(
            heartbeat,
            notifier: try SystemdNotifier(environment: ProcessInfo.processInfo.environment),
            device: try node.watchdogDevice.map {
                try WatchdogDevice(path: $0, timeout: budget.deviceTimeout)
            },
            budget: budget, logger: logger,
            // At once, without the ordinary end's work: what hangs would hang that too.
            onHang: { _exit(EXIT_FAILURE) })
    }
}

extension Logger {
    /// The same without what the service group says at debug level: each service's whole structure.
    fileprivate static func quiet(_ logger: Logger) -> Logger {
        var logger = logger
        logger.logLevel = max(logger.logLevel, .info)
        return logger
    }
}

/// The node, and the promise that it ends within two seconds of being told to.
///
/// A blocking call into libvirt or Ceph cannot be cancelled. What it does is safe to leave at any
/// point, as a crash would leave it, so nobody waits for it.
private struct PromptEnd: Service {
    private static let patience = Duration.milliseconds(1500)

    let node: NodeService
    let will: LastWill

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await node.run()
        } onGracefulShutdown: {
            Task {
                try await Task.sleep(for: Self.patience)
                will.make()
                exit(EXIT_SUCCESS)
            }
        }
    }
}
