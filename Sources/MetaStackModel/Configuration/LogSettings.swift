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
    public enum Syslog: Sendable, Hashable, Codable, CustomStringConvertible {
        case none
        /// This machine's, by its socket `/dev/log`.
        case local
        /// RFC 5426.
        case udp(host: String, port: Int)
        /// RFC 6587, counted octets.
        case tcp(host: String, port: Int)

        /// Reads the notation of the configuration and of `global_config/syslog_server`.
        ///
        /// - Throws: `ValidationError` that says what to write.
        public init(_ text: String) throws(ValidationError) {
            switch text {
            case "none": self = .none
            case "local": self = .local
            default:
                let parts = text.split(separator: "://", maxSplits: 1)
                let place = parts.count == 2 ? SettingText.hostAndPort(parts[1]) : nil
                switch (parts.first, place) {
                case ("udp", let (host, port)?): self = .udp(host: host, port: port)
                case ("tcp", let (host, port)?): self = .tcp(host: host, port: port)
                default:
                    throw SettingText.refuse(
                        "syslog", text, "write none, local, udp://host:port or tcp://host:port")
                }
            }
        }

        /// As it is written.
        public var description: String {
            switch self {
            case .none: "none"
            case .local: "local"
            case .udp(let host, let port): "udp://\(Self.bracketed(host)):\(port)"
            case .tcp(let host, let port): "tcp://\(Self.bracketed(host)):\(port)"
            }
        }

        private static func bracketed(_ host: String) -> String {
            host.contains(":") ? "[\(host)]" : host
        }

        public init(from decoder: any Decoder) throws {
            try self.init(try decoder.singleValueContainer().decode(String.self))
        }

        public func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            try container.encode(description)
        }
    }

    public var level = Level.info
    public var format = Format.text
    public var syslog = Syslog.none

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        level = reader.value("log", "level", default: level, SettingText.choice)
        format = reader.value("log", "format", default: format, SettingText.choice)
        syslog = reader.value("log", "syslog", default: syslog) { text throws(ValidationError) in
            try Syslog(text)
        }
    }
}
