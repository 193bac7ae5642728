/// What is logged, and where to: the section `log`.
public struct LogSettings: Sendable, Equatable {
    /// The least urgent kind that is logged.
    public enum Level: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    public enum Format: String, Sendable, CaseIterable {
        /// For people.
        case text
        /// One object a line.
        case json
        /// As syslog wants it (RFC 5424).
        case rfc5424
    }

    /// A syslog server besides standard error.
    public enum Syslog: Sendable, Hashable {
        case none
        /// This machine's, by its socket `/dev/log`.
        case local
        /// RFC 5426.
        case udp(host: String, port: Int)
        /// RFC 6587, counted octets.
        case tcp(host: String, port: Int)
    }

    public var level = Level.info
    public var format = Format.text
    public var syslog = Syslog.none

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        level = reader.value("log", "level", default: level, SettingText.choice)
        format = reader.value("log", "format", default: format, SettingText.choice)
        syslog = reader.value("log", "syslog", default: syslog, Self.syslog)
    }

    private static func syslog(_ text: String) throws(ValidationError) -> Syslog {
        switch text {
        case "none": return .none
        case "local": return .local
        default: break
        }
        if text.hasPrefix("udp://"), let (host, port) = SettingText.hostAndPort(text.dropFirst(6)) {
            return .udp(host: host, port: port)
        }
        if text.hasPrefix("tcp://"), let (host, port) = SettingText.hostAndPort(text.dropFirst(6)) {
            return .tcp(host: host, port: port)
        }
        throw SettingText.refuse(
            "syslog", text, "write none, local, udp://host:port or tcp://host:port")
    }
}
