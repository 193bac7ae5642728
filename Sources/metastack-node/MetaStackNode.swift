import ArgumentParser
import Foundation
import Logging
import MetaStackAgent
import MetaStackModel
import ServiceLifecycle
import UnixSignals

/// `metastack-node`: reads its configuration and runs the agent until it is told to stop.
@main
struct MetaStackNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metastack-node",
        abstract: "Runs the guests that are this host's: claims VMs, starts them, keeps them.",
        discussion: """
            Every key of the configuration can also be given in the environment, such as \
            METASTACK_ETCD_ENDPOINTS. SIGTERM ends the agent and leaves its guests running; \
            started again within the lease's TTL it goes on with them.
            """,
        version: Version.current)

    @Option(help: "The configuration file (YAML).")
    var config = "/etc/metastack/node.yaml"

    func run() async throws {
        let configuration = try readConfiguration()
        var logger = Logger(label: "metastack-node") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = Logger.Level(rawValue: configuration.log.level.rawValue) ?? .info
        logger[metadataKey: "node"] = "\(configuration.node.name)"
        logger.info("starting", metadata: ["version": "\(Version.current)"])
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: PromptEnd(node: NodeService(configuration, logger: logger)))
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: Logger.quiet(logger)))
        try await group.run()
        logger.info("stopped, guests run on")
    }

    private func readConfiguration() throws -> NodeConfiguration {
        let yaml: String
        do {
            yaml = try String(contentsOfFile: config, encoding: .utf8)
        } catch {
            throw ValidationError(
                "cannot read the configuration \(config): \(error.localizedDescription)")
        }
        return try NodeConfiguration(
            yaml: yaml, file: config, environment: ProcessInfo.processInfo.environment,
            hostName: ProcessInfo.processInfo.hostName)
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

    func run() async throws {
        try await withGracefulShutdownHandler {
            try await node.run()
        } onGracefulShutdown: {
            Task {
                try await Task.sleep(for: Self.patience)
                exit(EXIT_SUCCESS)
            }
        }
    }
}
