/// A revision of etcd's store. It grows by one with every change to any key.
public struct Revision: RawRepresentable, Comparable, Hashable, Sendable,
    CustomStringConvertible
{
    public let rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// The revision of the next change: where a watch goes on after a list.
    public var next: Revision { Revision(rawValue: rawValue + 1) }

    public static func < (left: Revision, right: Revision) -> Bool {
        left.rawValue < right.rawValue
    }

    public var description: String { String(rawValue) }
}

/// The number of a lease. etcd's tools print it in hexadecimal, and so does `description`.
public struct LeaseID: RawRepresentable, Hashable, Sendable, CustomStringConvertible {
    public let rawValue: Int64

    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    public var description: String { String(rawValue, radix: 16) }
}

/// What every answer of etcd begins with.
public struct ResponseHeader: Sendable, Hashable {
    /// Another number than before means another cluster, such as one restored from a snapshot.
    public var clusterID: UInt64
    /// The member that answered.
    public var memberID: UInt64
    /// The store's revision when the answer was made.
    public var revision: Revision
    public var raftTerm: UInt64

    public init(
        clusterID: UInt64 = 0, memberID: UInt64 = 0, revision: Revision, raftTerm: UInt64 = 0
    ) {
        self.clusterID = clusterID
        self.memberID = memberID
        self.revision = revision
        self.raftTerm = raftTerm
    }
}
