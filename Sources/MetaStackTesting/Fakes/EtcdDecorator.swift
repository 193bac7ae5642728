public import Etcd
public import FoundationEssentials

/// An etcd that hands every call on to another; a test writes those out that it changes.
public protocol EtcdDecorator: EtcdCalls {
    /// The one that serves.
    var etcd: any EtcdCalls { get }
}

extension EtcdDecorator {
    public func get(_ key: Key, deadline: Duration?) async throws -> KeyValue? {
        try await etcd.get(key, deadline: deadline)
    }

    public func list(_ range: KeyRange) async throws -> Listing {
        try await etcd.list(range)
    }

    public func put(
        _ key: Key, _ value: Data, lease: LeaseID?, deadline: Duration?
    ) async throws -> Revision {
        try await etcd.put(key, value, lease: lease, deadline: deadline)
    }

    public func delete(_ range: KeyRange, deadline: Duration?) async throws -> DeleteResponse {
        try await etcd.delete(range, deadline: deadline)
    }

    public func transact(
        _ transaction: Transaction, deadline: Duration?
    ) async throws -> TransactionResult {
        try await etcd.transact(transaction, deadline: deadline)
    }

    public func compact(before revision: Revision, deadline: Duration?) async throws {
        try await etcd.compact(before: revision, deadline: deadline)
    }

    public func grantLease(ttl: Duration, deadline: Duration?) async throws -> Lease {
        try await etcd.grantLease(ttl: ttl, deadline: deadline)
    }

    public func keepAlive(_ lease: LeaseID, deadline: Duration?) async throws -> Duration {
        try await etcd.keepAlive(lease, deadline: deadline)
    }

    public func revoke(_ lease: LeaseID, deadline: Duration?) async throws {
        try await etcd.revoke(lease, deadline: deadline)
    }

    public func reader(_ range: KeyRange, from revision: Revision?) -> any WatchReader {
        etcd.reader(range, from: revision)
    }

    public func members(deadline: Duration?) async throws -> [Member] {
        try await etcd.members(deadline: deadline)
    }

    public func status(endpoint: String, deadline: Duration) async throws -> EndpointStatus {
        try await etcd.status(endpoint: endpoint, deadline: deadline)
    }
}
