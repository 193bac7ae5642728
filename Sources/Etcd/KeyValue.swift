public import FoundationEssentials

/// A key with its value, as it was at one revision.
public struct KeyValue: Sendable, Equatable {
    public var key: Key
    /// Empty where only keys were asked for.
    public var value: Data
    /// When the key came into being, its last deletion forgotten.
    public var createRevision: Revision
    /// When the value was last written.
    public var modRevision: Revision
    /// Writes since it came into being, that one counted: 1 for a fresh key.
    public var version: Int64
    /// The lease that the key ends with.
    public var lease: LeaseID?

    public init(
        key: Key, value: Data, createRevision: Revision, modRevision: Revision, version: Int64,
        lease: LeaseID? = nil
    ) {
        self.key = key
        self.value = value
        self.createRevision = createRevision
        self.modRevision = modRevision
        self.version = version
        self.lease = lease
    }
}

/// All keys of a range at one revision.
public struct Listing: Sendable {
    /// In the order of their keys.
    public var keyValues: [KeyValue]
    public var header: ResponseHeader
    /// The revision that all pages were read at; a watch goes on from `revision.next`.
    public var revision: Revision

    public init(keyValues: [KeyValue], header: ResponseHeader, revision: Revision) {
        self.keyValues = keyValues
        self.header = header
        self.revision = revision
    }
}

/// What a deletion did.
public struct DeleteResponse: Sendable {
    public var header: ResponseHeader
    /// How many keys are gone.
    public var deleted: Int64
    public var revision: Revision { header.revision }

    public init(header: ResponseHeader, deleted: Int64) {
        self.header = header
        self.deleted = deleted
    }
}
