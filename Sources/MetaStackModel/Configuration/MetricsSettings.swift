/// A node's figures for Prometheus: the section `metrics`.
public struct MetricsSettings: Sendable, Equatable {
    /// Where they are served; nil for nowhere.
    public var listen: ServeSettings.Listen?

    public init() {}

    init(_ reader: inout ConfigurationReader) {
        listen = reader.optional("metrics", "listen", Self.listen)
    }

    private static func listen(_ text: String) throws(ValidationError) -> ServeSettings.Listen {
        guard let (host, port) = SettingText.hostAndPort(text) else {
            throw SettingText.refuse(
                "listen", text, "write it like 127.0.0.1:9480 or [::]:9480")
        }
        return ServeSettings.Listen(host: host, port: port)
    }
}
