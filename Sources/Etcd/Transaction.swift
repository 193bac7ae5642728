public import FoundationEssentials

/// What must be true for a transaction's `then` to happen.
public enum Condition: Sendable, Hashable {
    case exists(Key)
    case absent(Key)
    case modRevision(Key, equals: Revision)
    case createRevision(Key, equals: Revision)
    case version(Key, equals: Int64)
    /// False for a key that does not exist.
    case value(Key, equals: Data)
    /// False for a key that does not exist.
    case lease(Key, equals: LeaseID)
}

/// One step of a transaction.
public enum Operation: Sendable, Hashable {
    case put(Key, Data, lease: LeaseID? = nil)
    case delete(KeyRange)
    case get(KeyRange)
}

/// Several reads and writes that happen at one revision, or not at all: where every condition
/// holds, those of `then`, else those of `else`. No key may be written twice.
public struct Transaction: Sendable, Hashable {
    public var conditions: [Condition]
    public var success: [Operation]
    public var failure: [Operation]

    public init(
        if conditions: [Condition], then success: [Operation], else failure: [Operation] = []
    ) {
        self.conditions = conditions
        self.success = success
        self.failure = failure
    }
}

/// What a transaction did.
public struct TransactionResult: Sendable {
    /// What one operation did, in the order of the operations that ran.
    public enum OperationResult: Sendable {
        case put
        case delete(deleted: Int64)
        case get(RangeResponse)
    }

    /// Whether `then` ran, rather than `else`. False is no error: somebody else was faster.
    public var succeeded: Bool
    public var header: ResponseHeader
    public var results: [OperationResult]
    /// The revision of its writes where it wrote, else the store's.
    public var revision: Revision { header.revision }

    public init(succeeded: Bool, header: ResponseHeader, results: [OperationResult]) {
        self.succeeded = succeeded
        self.header = header
        self.results = results
    }
}
