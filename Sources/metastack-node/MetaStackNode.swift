import ArgumentParser
import CMalloc
import Foundation
import Logging
import MetaStackAgent
import MetaStackLogging
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
        keepMemorySmall()
        let configuration = try readConfiguration()
        let logging = LogConfiguration(configuration.log)
        let syslog = SyslogSink(destination: logging.syslog, application: "metastack-node")
        LoggingSystem.bootstrap {
            MetaStackLogHandler(label: $0, configuration: logging, syslog: syslog)
        }
        var logger = Logger(label: "metastack-node")
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
        await syslog.close(within: .milliseconds(200))
    }

    /// The agent lives beside guests that pay for their memory. Many threads of Ceph and libvirt would
    /// each keep an arena of freed memory, and large buffers of an image import would stay.
    private func keepMemorySmall() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_MMAP_THRESHOLD, 128 << 10)
        _ = mallopt(M_TRIM_THRESHOLD, 128 << 10)
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

extension LogConfiguration {
    /// What the configuration's `log` section says.
    fileprivate init(_ settings: LogSettings) {
        self.init(
            level: Logger.Level(rawValue: settings.level.rawValue) ?? .info,
            format: Format(rawValue: settings.format.rawValue) ?? .text,
            syslog: SyslogDestination(settings.syslog))
    }
}

extension SyslogDestination {
    fileprivate init(_ setting: LogSettings.Syslog) {
        switch setting {
        case .none: self = .none
        case .local: self = .local
        case .udp(let host, let port): self = .udp(host: host, port: UInt16(clamping: port))
        case .tcp(let host, let port): self = .tcp(host: host, port: UInt16(clamping: port))
        }
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
