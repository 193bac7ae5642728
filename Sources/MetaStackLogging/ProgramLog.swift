public import Logging
public import MetaStackModel

/// A program's log: standard error, and the syslog server that counts just now.
///
/// The configuration names a server, and what the whole deployment says
/// (`global_config/syslog_server`) beats it for as long as it says so. A program makes one:
/// ```swift
/// let log = ProgramLog(configuration.log, application: "metastack-node")
/// log.bootstrap()
/// …
/// log.use(cluster.syslogServer?.value.server)  // whenever it may have changed
/// …
/// await log.close()
/// ```
public final class ProgramLog: Sendable {
    /// Who reads a program's standard error.
    public enum Reader: Sendable {
        /// A service manager, which gets every record.
        case journal
        /// A person who gave a command: only what they should see, as long as they ask for no more
        /// than the configuration's defaults.
        case person
    }

    private let configuration: LogConfiguration
    private let sink: SyslogSink
    private let logger: Logger

    /// Opens the log; it stays open until ``close(within:)``.
    ///
    /// - Parameters:
    ///   - settings: the configuration's section `log`.
    ///   - application: the program's name in each record.
    ///   - metadata: what its own loggers say in each record, such as the node's name.
    ///   - descriptor: standard error, or another open file descriptor.
    public init(
        _ settings: LogSettings, application: String, reader: Reader = .journal,
        metadata: Logger.Metadata = [:], descriptor: Int32 = 2
    ) {
        let configuration = LogConfiguration(settings, reader)
        let sink = SyslogSink(destination: configuration.syslog, application: application)
        self.configuration = configuration
        self.sink = sink
        var logger = Logger(label: application) { label in
            MetaStackLogHandler(
                label: label, configuration: configuration, syslog: sink, descriptor: descriptor)
        }
        for (key, value) in metadata { logger[metadataKey: key] = value }
        self.logger = logger
    }

    /// Makes every logger of the process log here (`LoggingSystem.bootstrap`), once.
    public func bootstrap() {
        LoggingSystem.bootstrap { [configuration, sink] label in
            MetaStackLogHandler(label: label, configuration: configuration, syslog: sink)
        }
    }

    /// A logger for programs that bootstrap nothing.
    public func logger(
        atLeast level: Logger.Level? = nil, metadata: Logger.Metadata = [:]
    ) -> Logger {
        var logger = logger
        for (key, value) in metadata { logger[metadataKey: key] = value }
        if let level { logger.logLevel = max(level, logger.logLevel) }
        return logger
    }

    /// All records that no server got.
    public var lostRecords: Int { sink.lostRecords }

    /// Takes over the deployment's server; nil leaves it to the configuration.
    public func use(_ server: LogSettings.Syslog?) {
        let destination = server.map { SyslogDestination($0) } ?? configuration.syslog
        guard sink.setDestination(destination) else { return }
        logger.info(
            "syslog server chosen",
            metadata: [
                "server": "\(destination)",
                "by": server == nil ? "configuration" : "global_config/syslog_server",
            ])
    }

    /// Delivers what waits, for at most this long; a server that is away is not waited for.
    public func close(within patience: Duration = .milliseconds(200)) async {
        await sink.close(within: patience)
    }
}

extension LogConfiguration {
    /// What the configuration's `log` section says.
    init(_ settings: LogSettings, _ reader: ProgramLog.Reader) {
        let level = Logger.Level(rawValue: settings.level.rawValue) ?? .info
        self.init(
            level: level,
            standardErrorLevel: reader == .person && level >= .info ? .warning : .trace,
            format: Format(rawValue: settings.format.rawValue) ?? .text,
            syslog: SyslogDestination(settings.syslog))
    }
}

extension SyslogDestination {
    init(_ setting: LogSettings.Syslog) {
        switch setting {
        case .none: self = .none
        case .local: self = .local
        case .udp(let host, let port): self = .udp(host: host, port: UInt16(clamping: port))
        case .tcp(let host, let port): self = .tcp(host: host, port: UInt16(clamping: port))
        }
    }
}
