/// A `metastack serve` to work through instead of straight on etcd: the section `server`.
public struct ServerSettings: Sendable, Equatable {
    /// `https://host:port` or `http://host:port`, without a slash at the end.
    public var url: String
    /// The bearer token's secret; ``tokenFile`` where it is nil.
    public var token: String?
    /// A file with the token's secret in its first line.
    public var tokenFile: String?
    /// A PEM file with the authorities that sign the server's certificate; nil for the system's.
    public var ca: String?

    public init(url: String, token: String? = nil, tokenFile: String? = nil, ca: String? = nil) {
        self.url = url
        self.token = token
        self.tokenFile = tokenFile
        self.ca = ca
    }

    /// nil where no server is named.
    init?(_ reader: inout ConfigurationReader) {
        let url = reader.optional("server", "url", EtcdSettings.endpoint)
        token = reader.optional("server", "token", SettingText.word)
        tokenFile = reader.optional("server", "token-file", SettingText.path)
        ca = reader.optional("server", "ca", SettingText.path)
        guard let url else { return nil }
        self.url = url
        // A token is for the server that stands beside it, and for none that is named from further up.
        let rank = reader.rank("server", "url")
        if reader.rank("server", "token") < rank { token = nil }
        if reader.rank("server", "token-file") < rank { tokenFile = nil }
    }

    /// Whether what is sent can be read on the way.
    public var isOpen: Bool {
        guard url.hasPrefix("http://") else { return false }
        let place = url.dropFirst("http://".count)
        let (host, port) = SettingText.hostAndPort(place) ?? (String(place), 80)
        return !ServeSettings.Listen(host: host, port: port).isLoopback
    }
}
