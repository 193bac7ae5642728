import Logging
public import MetaStackModel

extension LogConfiguration {
    /// What the configuration's `log` section says.
    public init(_ settings: LogSettings) {
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
