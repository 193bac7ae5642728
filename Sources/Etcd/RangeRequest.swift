/// One read of etcd, with every option of its `Range` method.
public struct RangeRequest: Sendable {
    /// What the keys are ordered by.
    public enum SortTarget: String, Sendable {
        case key = "KEY"
        case version = "VERSION"
        case createRevision = "CREATE"
        case modRevision = "MOD"
        case value = "VALUE"
    }

    /// The direction of the order.
    public enum SortOrder: String, Sendable {
        case ascending = "ASCEND"
        case descending = "DESCEND"
    }

    public var range: KeyRange
    /// How many keys at most; nil is no limit.
    public var limit: Int?
    /// The store as it was then; nil is now.
    public var revision: Revision?
    public var sort: (target: SortTarget, order: SortOrder)?
    public var keysOnly = false
    public var countOnly = false
    /// Whether one member's own, perhaps older, data will do. It answers also without a quorum.
    public var serializable = false
    public var minModRevision: Revision?
    public var maxModRevision: Revision?
    public var minCreateRevision: Revision?
    public var maxCreateRevision: Revision?

    public init(_ range: KeyRange, limit: Int? = nil, revision: Revision? = nil) {
        self.range = range
        self.limit = limit
        self.revision = revision
    }
}

/// One page of a read.
public struct RangeResponse: Sendable {
    public var header: ResponseHeader
    public var keyValues: [KeyValue]
    /// Whether the limit left keys out.
    public var hasMore: Bool
    /// How many keys are in the range, those that the limit left out counted.
    public var count: Int64
    public var revision: Revision { header.revision }

    public init(
        header: ResponseHeader, keyValues: [KeyValue], hasMore: Bool = false, count: Int64
    ) {
        self.header = header
        self.keyValues = keyValues
        self.hasMore = hasMore
        self.count = count
    }
}
