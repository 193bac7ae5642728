public import FoundationEssentials

/// What programs ask of etcd: `EtcdClient` in earnest, a key space in memory in a simulation.
///
/// Each method does what the one of the same name in `EtcdClient` does and throws what it throws.
public protocol EtcdCalls: Sendable {
    func get(_ key: Key, deadline: Duration?) async throws -> KeyValue?
    /// All keys of a range at one revision, that of the call.
    func list(_ range: KeyRange) async throws -> Listing
    /// The same page by page, in the order of the keys: nobody holds all of them at once.
    ///
    /// - Returns: the revision that all pages were read at.
    func list(_ range: KeyRange, page: ([KeyValue]) throws -> Void) async throws -> Revision
    func put(
        _ key: Key, _ value: Data, lease: LeaseID?, deadline: Duration?
    ) async throws -> Revision
    func delete(_ range: KeyRange, deadline: Duration?) async throws -> DeleteResponse
    func transact(
        _ transaction: Transaction, deadline: Duration?
    ) async throws -> TransactionResult
    func compact(before revision: Revision, deadline: Duration?) async throws

    func grantLease(ttl: Duration, deadline: Duration?) async throws -> Lease
    func keepAlive(_ lease: LeaseID, deadline: Duration?) async throws -> Duration
    func revoke(_ lease: LeaseID, deadline: Duration?) async throws

    /// The changes of a range from a revision on, for one reader.
    func reader(_ range: KeyRange, from: Revision?) -> any WatchReader

    func members(deadline: Duration?) async throws -> [Member]
    func status(endpoint: String, deadline: Duration) async throws -> EndpointStatus
}

/// One watch that is being read, by one task at a time. Dropping it ends it.
public protocol WatchReader {
    /// The next changes as soon as they arrive.
    ///
    /// - Throws: what `EtcdWatch.Iterator.next()` throws, `.compacted` among it.
    mutating func next() async throws -> WatchBatch?
}

extension EtcdWatch.Iterator: WatchReader {}

extension EtcdClient: EtcdCalls {
    public func list(_ range: KeyRange) async throws -> Listing {
        try await list(range, pageSize: 1000)
    }

    public func grantLease(ttl: Duration, deadline: Duration?) async throws -> Lease {
        try await grantLease(ttl: ttl, id: nil, deadline: deadline)
    }

    public func reader(_ range: KeyRange, from: Revision?) -> any WatchReader {
        watch(range, from: from).makeAsyncIterator()
    }
}

extension EtcdCalls {
    /// All in one page.
    public func list(
        _ range: KeyRange, page: ([KeyValue]) throws -> Void
    ) async throws -> Revision {
        let listing = try await list(range)
        try page(listing.keyValues)
        return listing.revision
    }
}

/// The calls with the deadline of the client's configuration.
extension EtcdCalls {
    public func get(_ key: Key) async throws -> KeyValue? {
        try await get(key, deadline: nil)
    }

    @discardableResult
    public func put(_ key: Key, _ value: Data, lease: LeaseID? = nil) async throws -> Revision {
        try await put(key, value, lease: lease, deadline: nil)
    }

    @discardableResult
    public func delete(_ range: KeyRange) async throws -> DeleteResponse {
        try await delete(range, deadline: nil)
    }

    public func transact(_ transaction: Transaction) async throws -> TransactionResult {
        try await transact(transaction, deadline: nil)
    }

    public func compact(before revision: Revision) async throws {
        try await compact(before: revision, deadline: nil)
    }

    public func revoke(_ lease: LeaseID) async throws {
        try await revoke(lease, deadline: nil)
    }
}
