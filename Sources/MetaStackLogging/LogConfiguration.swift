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
    /// How a record looks on standard error.
    public var format: Format
    /// Where each record goes besides.
    public var syslog: SyslogDestination

    /// A configuration; nothing is opened yet.
    public init(
        level: Logger.Level = .info, format: Format = .text, syslog: SyslogDestination = .none
    ) {
        self.level = level
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

    /// Reads the notation of the configuration; a port that is not given is 514.
    ///
    /// - Throws: `SyslogDestinationError` with the text.
    public init(_ text: String) throws(SyslogDestinationError) {
        switch text {
        case "none", "": self = .none
        case "local": self = .local
        case _ where text.hasPrefix("udp://"):
            let (host, port) = try Self.hostAndPort(text.dropFirst(6), of: text)
            self = .udp(host: host, port: port)
        case _ where text.hasPrefix("tcp://"):
            let (host, port) = try Self.hostAndPort(text.dropFirst(6), of: text)
            self = .tcp(host: host, port: port)
        default: throw SyslogDestinationError(text: text)
        }
    }

    /// The notation of the configuration.
    public var description: String {
        switch self {
        case .none: "none"
        case .local(let path): path == "/dev/log" ? "local" : "local (\(path))"
        case .udp(let host, let port): "udp://\(bracketed(host)):\(port)"
        case .tcp(let host, let port): "tcp://\(bracketed(host)):\(port)"
        }
    }

    private static func hostAndPort(
        _ rest: Substring, of text: String
    ) throws(SyslogDestinationError) -> (String, UInt16) {
        var host = rest
        var port: UInt16? = 514
        // Behind the last colon stands a port, unless that colon belongs to an IPv6 address.
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("]") {
            let digits = rest[rest.index(after: colon)...]
            port = digits.allSatisfy(\.isNumber) ? UInt16(digits) : nil
            host = rest[..<colon]
        }
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
        } else if host.contains(where: { ":[]".contains($0) }) {
            throw SyslogDestinationError(text: text)
        }
        let isHost = !host.isEmpty && host.utf8.allSatisfy { (33...126).contains($0) && $0 != 47 }
        guard let port, port > 0, isHost else { throw SyslogDestinationError(text: text) }
        return (String(host), port)
    }
}

private func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

/// A syslog destination that does not read.
public struct SyslogDestinationError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was given.
    public let text: String

    /// An error about this text.
    public init(text: String) { self.text = text }

    /// The sentence for whoever wrote it.
    public var description: String {
        "cannot use syslog server '\(escaped(text))': "
            + "write none, local, udp://host:port or tcp://host:port"
    }
}
