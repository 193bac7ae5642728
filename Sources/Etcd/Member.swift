/// A member of the cluster.
public struct Member: Sendable, Hashable {
    public var id: UInt64
    /// Empty until the member has started for the first time.
    public var name: String
    public var peerURLs: [String]
    /// Where it serves clients: endpoints for `EtcdClient.status`.
    public var clientURLs: [String]
    /// Whether it has no vote yet.
    public var isLearner: Bool

    public init(
        id: UInt64, name: String, peerURLs: [String], clientURLs: [String], isLearner: Bool = false
    ) {
        self.id = id
        self.name = name
        self.peerURLs = peerURLs
        self.clientURLs = clientURLs
        self.isLearner = isLearner
    }
}

/// How one member sees itself and the cluster.
public struct EndpointStatus: Sendable, Hashable {
    public var header: ResponseHeader
    /// etcd's version, such as `3.4.23`.
    public var version: String
    /// The member that this one follows; nil where it knows none.
    public var leader: UInt64?
    /// Bytes of the database file.
    public var databaseSize: Int64
    /// Bytes of it that hold data.
    public var databaseSizeInUse: Int64
    public var raftTerm: UInt64
    public var raftIndex: UInt64
    public var raftAppliedIndex: UInt64
    /// What the member complains of, such as `NOSPACE` or `etcdserver: no leader`.
    public var errors: [String]
    public var isLearner: Bool
    public var memberID: UInt64 { header.memberID }
    public var revision: Revision { header.revision }

    public init(
        header: ResponseHeader, version: String, leader: UInt64?, databaseSize: Int64 = 0,
        databaseSizeInUse: Int64 = 0, raftTerm: UInt64, raftIndex: UInt64 = 0,
        raftAppliedIndex: UInt64 = 0, errors: [String] = [], isLearner: Bool = false
    ) {
        self.header = header
        self.version = version
        self.leader = leader
        self.databaseSize = databaseSize
        self.databaseSizeInUse = databaseSizeInUse
        self.raftTerm = raftTerm
        self.raftIndex = raftIndex
        self.raftAppliedIndex = raftAppliedIndex
        self.errors = errors
        self.isLearner = isLearner
    }
}
