public import Logging

/// What to log, how it looks, and where it goes besides standard error.
public struct LogConfiguration: Sendable, Equatable {
    /// How a record looks on standard error.
    public enum Format: String, Sendable, CaseIterable {
        /// For people: time, level, message, `key=value`.
        case text
        /// For collectors: one JSON object a line.
        case json
        /// For collectors that read RFC 5424 from a pipe.
        case rfc5424
    }

    /// Less severe records are dropped.
    public var level: Logger.Level
    /// Records that are less severe than this go to syslog alone.
    public var standardErrorLevel: Logger.Level
    /// How a record looks on standard error.
    public var format: Format
    /// Where each record goes besides.
    public var syslog: SyslogDestination

    /// A configuration; nothing is opened yet.
    public init(
        level: Logger.Level = .info, standardErrorLevel: Logger.Level = .trace,
        format: Format = .text, syslog: SyslogDestination = .none
    ) {
        self.level = level
        self.standardErrorLevel = standardErrorLevel
        self.format = format
        self.syslog = syslog
    }
}

/// Where a syslog server is: `none`, `local`, `udp://host:port` or `tcp://host:port`.
public enum SyslogDestination: Sendable, Hashable, CustomStringConvertible {
    /// Nowhere.
    case none
    /// The daemon of this host, by its datagram socket; `/dev/log` as a rule.
    case local(path: String)
    /// RFC 5424 in one datagram each (RFC 5426).
    case udp(host: String, port: UInt16)
    /// RFC 5424 with its length in front (RFC 6587, octet counting).
    case tcp(host: String, port: UInt16)

    /// The daemon of this host at `/dev/log`.
    public static let local = SyslogDestination.local(path: "/dev/log")

    /// The notation of the configuration.
    public var description: String {
        switch self {
        case .none: "none"
        case .local(let path): path == "/dev/log" ? "local" : "local (\(path))"
        case .udp(let host, let port): "udp://\(bracketed(host)):\(port)"
        case .tcp(let host, let port): "tcp://\(bracketed(host)):\(port)"
        }
    }
}

private func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }
