import Glibc
public import Logging

/// Writes each record to standard error, and hands it to a syslog sink.
///
/// A program makes one sink and gives this to `LoggingSystem.bootstrap`:
/// ```swift
/// let sink = SyslogSink(destination: configuration.syslog, application: "metastack-node")
/// LoggingSystem.bootstrap {
///     MetaStackLogHandler(label: $0, configuration: configuration, syslog: sink)
/// }
/// ```
public struct MetaStackLogHandler: LogHandler {
    /// Less severe records are dropped.
    public var logLevel: Logger.Level
    /// Values that each record carries.
    public var metadata: Logger.Metadata = [:]
    /// Adds values from the surrounding task.
    public var metadataProvider: Logger.MetadataProvider?
    private let label: String
    private let standardErrorLevel: Logger.Level
    private let format: LogConfiguration.Format
    private let identity: SyslogIdentity
    private let syslog: SyslogSink?
    private let descriptor: Int32

    /// - Parameters:
    ///   - label: the logger's name.
    ///   - configuration: level and format; its `syslog` is the sink's business.
    ///   - syslog: where records go besides standard error.
    ///   - descriptor: standard error, or another open file descriptor.
    public init(
        label: String, configuration: LogConfiguration, syslog: SyslogSink? = nil,
        descriptor: Int32 = 2
    ) {
        self.label = label
        self.logLevel = configuration.level
        self.standardErrorLevel = configuration.standardErrorLevel
        self.format = configuration.format
        self.identity = syslog?.identity ?? SyslogIdentity(application: label)
        self.syslog = syslog
        self.descriptor = descriptor
    }

    /// The value that each record carries under this key.
    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    /// Writes one record in one `write`, so that lines of several threads never mix.
    public func log(event: LogEvent) {
        var values = metadata
        values.merge(metadataProvider?.get() ?? [:]) { $1 }
        values.merge(event.metadata ?? [:]) { $1 }
        if let error = event.error { values["error"] = "\(error)" }
        let record = LogRecord(
            time: .now, level: event.level, label: label, message: event.message.description,
            metadata: values)
        if event.level >= standardErrorLevel { writeLine(line(of: record)) }
        syslog?.send(SyslogEntry(record))
    }

    private func line(of record: LogRecord) -> String {
        switch format {
        case .text: record.text
        case .json: record.json
        case .rfc5424: identity.rfc5424(SyslogEntry(record))
        }
    }

    private func writeLine(_ line: String) {
        var rest = Array((line + "\n").utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 { rest = rest.dropFirst(count) }
            // A closed or full standard error must not stop the program that logs.
            if count < 0 && errno != EINTR { return }
        }
    }
}
