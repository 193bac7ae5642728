/// Why a call to etcd failed.
public struct EtcdError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Code: String, Sendable {
        /// No endpoint gave an answer, or etcd has no leader; nothing was changed.
        case unavailable
        /// No answer in time, to a call that changes nothing, or that was never sent.
        case deadlineExceeded
        /// The call was sent and its answer is lost: the change may have happened or may yet
        /// happen. Read before doing it again.
        case outcomeUnknown
        /// There is no such lease, or no longer.
        case leaseNotFound
        /// A lease with this id exists already.
        case leaseExists
        /// The revision is older than what etcd keeps: list again.
        case compacted
        /// The revision is newer than the store: another cluster, or one restored from a backup.
        case futureRevision
        /// The answers come from another cluster than before.
        case clusterChanged
        /// User name or password is wrong, or missing.
        case unauthenticated
        /// The user may not do this to this key.
        case permissionDenied
        /// etcd has too much to do; nothing was changed.
        case tooManyRequests
        /// The request is above etcd's limit (1.5 MiB by default).
        case requestTooLarge
        /// etcd's database is full: its `NOSPACE` alarm is raised.
        case noSpace
        /// The request makes no sense to etcd.
        case invalidRequest
        /// What answered does not speak etcd's protocol.
        case malformedAnswer
        /// The TLS handshake failed.
        case tls
        /// An endpoint or a file of the configuration cannot be used.
        case badConfiguration
        /// `EtcdClient.shutdown()` was called.
        case shutDown
        /// Any other error of etcd's; the message has its words.
        case other
    }

    public var code: Code
    /// etcd's own words where it answered, else what failed.
    public var message: String
    /// Who was asked last; nil where it was nobody.
    public var endpoint: String?
    /// gRPC's status number where etcd answered.
    public var grpcCode: Int?
    /// The HTTP status of an answer that is none of etcd's.
    var status: Int?
    /// Whether the host answered that nobody listens at the port: it is up, its etcd is not.
    public var isConnectionRefused = false
    /// With `.compacted` from a watch: the oldest revision that can be watched.
    public var compactRevision: Revision?

    /// Whether the same call may be made again as it is. An unknown outcome is not: it may have
    /// happened.
    public var isRetriable: Bool {
        switch code {
        case .unavailable, .deadlineExceeded, .tooManyRequests: true
        case .outcomeUnknown, .leaseNotFound, .leaseExists, .compacted, .futureRevision,
            .clusterChanged, .unauthenticated, .permissionDenied, .requestTooLarge, .noSpace,
            .invalidRequest, .malformedAnswer, .tls, .badConfiguration, .shutDown, .other:
            false
        }
    }

    public var description: String {
        endpoint.map { "\(message) (etcd at \($0))" } ?? message
    }

    public init(
        _ code: Code, _ message: String, endpoint: String? = nil, grpcCode: Int? = nil
    ) {
        self.code = code
        self.message = message
        self.endpoint = endpoint
        self.grpcCode = grpcCode
    }
}
