public import FoundationEssentials

/// One HTTP request: what is asked, and how long each part of it may take.
///
/// The defaults suit a short call to an API. A download sets `redirectLimit`, `idleTimeout` and
/// `requiresSuccess`, and leaves `deadline` out.
public struct CurlRequest: Sendable {
    /// The request's verb and body.
    public enum Method: Sendable {
        case get
        case head
        case post(Data)
        /// Any other verb, such as `PUT`; the body is sent where there is one.
        case custom(String, Data?)
    }

    /// Whether a transfer waits for a free place among the others.
    public enum Admission: Sendable {
        /// One of at most `CurlLimits.transfers`; further ones wait in order.
        case inTurn
        /// Starts at once on a connection of its own or an idle one, however many run: for
        /// streams that never end, and for calls that a lease's life hangs on.
        case atOnce
    }

    /// Which proxy the request goes through.
    public enum Proxy: Sendable {
        /// None, whatever the environment says.
        case none
        /// What `http_proxy`, `https_proxy` and `no_proxy` say.
        case environment
    }

    /// An absolute `http` or `https` URL; other schemes are refused, also after a redirect.
    public var url: String
    public var method: Method
    /// Header fields by name; a value with a line break is refused.
    public var headers: [String: String] = [:]
    /// How long name look-up, connection and TLS handshake may take together.
    public var connectTimeout: Duration = .seconds(5)
    /// How long the whole transfer may take, waiting for its turn included; nil is no limit.
    public var deadline: Duration?
    /// How long a stream's header may take; nil leaves it to the other limits.
    public var headTimeout: Duration?
    /// How long a stream may stay silent, time in which its reader holds it up not counted.
    public var idleTimeout: Duration?
    /// Files for TLS; nil trusts the system's authorities.
    public var tls: CurlTLS?
    /// How many redirects are followed; 0 hands a redirect to the caller.
    public var redirectLimit = 0
    public var proxy: Proxy = .none
    public var admission: Admission = .inTurn
    /// Speaks HTTP/2 from the first byte (over TLS: where the server offers it), as gRPC wants.
    public var speaksHTTP2 = false
    /// Whether the request may reach the server twice. curl sends a request again by itself when
    /// a kept connection closes without an answer, though the server may have acted on it. False
    /// for whatever is no plain read: such a transfer fails instead.
    public var mayBeSentTwice = true
    /// Opens a new connection even where an idle one is there.
    public var usesFreshConnection = false
    /// Whether a status outside 200…299 is an error of its own.
    public var requiresSuccess = false
    /// The largest body that `Curl.perform` collects, in bytes.
    public var bodyLimit = 256 * 1024 * 1024
    /// How many unread bytes a `CurlStream` holds before it pauses the transfer. curl has at most
    /// one buffer (128 KiB) more in hand.
    public var bufferLimit = 1024 * 1024

    public init(_ url: String, method: Method = .get) {
        self.url = url
        self.method = method
    }
}

/// The files for TLS, all in PEM. TLS is version 1.2 or later, and the peer is always verified.
public struct CurlTLS: Sendable, Hashable {
    /// The authorities to trust; nil trusts the system's.
    public var certificateAuthority: String?
    /// The client's own certificate.
    public var certificate: String?
    /// The key of `certificate`.
    public var key: String?

    public init(
        certificateAuthority: String? = nil, certificate: String? = nil, key: String? = nil
    ) {
        self.certificateAuthority = certificateAuthority
        self.certificate = certificate
        self.key = key
    }
}

/// How much one `Curl` does at a time.
public struct CurlLimits: Sendable {
    /// Transfers with `.inTurn` that run at a time.
    public var transfers: Int
    /// Transfers that may wait for their turn before further ones are refused.
    public var waiting: Int
    /// Idle connections that are kept for the next transfer.
    public var keptConnections: Int

    public init(transfers: Int = 32, waiting: Int = 65_536, keptConnections: Int = 64) {
        self.transfers = max(1, transfers)
        self.waiting = waiting
        self.keptConnections = keptConnections
    }
}
