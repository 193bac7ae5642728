/// Where records of the log go besides standard error, for all nodes and servers alike:
/// `global_config/syslog_server`. Written by management only; a missing record leaves it to each
/// program's own configuration.
public struct SyslogServer: Record {
    /// Where it stands, as a key of `global_config`.
    public static let key = RecordKey.globalConfig("syslog_server")

    public var server: LogSettings.Syslog
    public var rest: [String: JSONValue]

    public init(server: LogSettings.Syslog, rest: [String: JSONValue] = [:]) {
        self.server = server
        self.rest = rest
    }

    public init(from decoder: any Decoder) throws {
        var fields = try FieldReader(decoder)
        server = try fields.required("server")
        rest = try fields.rest()
    }

    public func encode(to encoder: any Encoder) throws {
        var fields = try FieldWriter(encoder, rest: rest)
        try fields.put("server", server)
    }
}
