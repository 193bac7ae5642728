/// Where etcd is, and how to talk to it.
public struct EtcdConfiguration: Sendable {
    /// A user of etcd's own access control.
    public struct Credentials: Sendable {
        public var username: String
        public var password: String

        public init(username: String, password: String) {
            self.username = username
            self.password = password
        }
    }

    /// Paths of PEM files.
    public struct TLS: Sendable {
        /// The authorities that signed etcd's certificate; nil trusts the system's.
        public var ca: String?
        /// The client's own certificate.
        public var certificate: String?
        /// The certificate's key.
        public var key: String?

        public init(ca: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.ca = ca
            self.certificate = certificate
            self.key = key
        }
    }

    /// `http://host:port` or `https://host:port`, each one a member's client URL. The first that
    /// works is used until it fails, then the next.
    public var endpoints: [String]
    public var credentials: Credentials?
    public var tls: TLS?
    /// How long a call may take in all, its tries on other endpoints counted.
    public var requestTimeout: Duration
    /// How long one connection may take to come up before the next endpoint is tried.
    public var connectTimeout: Duration
    /// How long a watch may stay silent before it connects anew. etcd sends a progress
    /// notification every ten minutes by default, so anything shorter needs
    /// `--experimental-watch-progress-notify-interval` on the server.
    public var watchSilence: Duration = .seconds(25 * 60)
    /// Calls that are on their way at a time; further ones wait in order.
    public var concurrentRequests = 32

    /// A member that is there accepts a connection in a few milliseconds. While others have not been
    /// tried it is not waited for longer than this: a dead address in the list must not cost a lease.
    private static let connectTimeoutWhileOthersAreLeft = Duration.milliseconds(300)

    /// - Parameter left: endpoints that have not been tried, the one to be tried counted.
    func connectTimeout(left: Int) -> Duration {
        left > 1 ? min(connectTimeout, Self.connectTimeoutWhileOthersAreLeft) : connectTimeout
    }

    public init(
        endpoints: [String], credentials: Credentials? = nil, tls: TLS? = nil,
        requestTimeout: Duration = .seconds(5), connectTimeout: Duration = .seconds(2)
    ) {
        self.endpoints = endpoints
        self.credentials = credentials
        self.tls = tls
        self.requestTimeout = requestTimeout
        self.connectTimeout = connectTimeout
    }
}
