public import Etcd
public import MetaStackModel

/// The records of one deployment in etcd: all of them at once, their changes, and transactions.
///
/// Nodes and management use the same one; who may write what is in the design's table, not here.
public final class ClusterStore: Sendable {
    /// For what is not a record: leases, members, status.
    public let client: any EtcdCalls
    let layout: KeyLayout
    let pause: @Sendable (Duration) async throws -> Void

    /// - Parameters:
    ///   - prefix: below which the deployment's keys stand, such as `/metastack`.
    ///   - pause: returns after a time, or throws `CancellationError` before.
    public init(
        client: any EtcdCalls, prefix: String,
        pause: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.client = client
        layout = KeyLayout(prefix: prefix)
        self.pause = pause
    }

    /// Below which the deployment's keys stand, without a slash at the end.
    public var prefix: String { layout.prefix.string }

    /// All records at one revision (etcd's `Range`, in pages).
    ///
    /// - Throws: `EtcdError`.
    public func load() async throws -> Cluster {
        var cluster = Cluster()
        let revision = try await client.list(layout.range) { page in
            for keyValue in page { cluster.apply(RawRecord(keyValue, layout: layout)) }
        }
        cluster.revision = .init(revision)
        return cluster
    }

    /// All records as they stand in etcd, at one revision (etcd's `Range`, in pages).
    ///
    /// - Throws: `EtcdError`.
    public func records() async throws -> (
        records: [RawRecord], revision: MetaStackModel.Revision
    ) {
        let listing = try await client.list(layout.range)
        let records = listing.keyValues.map { RawRecord($0, layout: layout) }
        return (records, .init(listing.revision))
    }

    /// One record as it is now, past every cache; nil where its key does not exist.
    ///
    /// - Throws: `EtcdError`.
    public func read(_ key: RecordKey) async throws -> RawRecord? {
        try await client.get(layout.key(key)).map { RawRecord($0, layout: layout) }
    }

    /// Which cluster answers, and at which revision it is now (a linearizable `Range`).
    ///
    /// - Throws: `EtcdError`.
    public func standing() async throws -> ClusterStanding {
        let listing = try await client.list(.key(layout.key(TakeoverSwitch.key)))
        return ClusterStanding(
            clusterID: listing.header.clusterID, revision: .init(listing.header.revision))
    }

    /// Writes all of it, or nothing where one of the conditions does not hold (etcd's `Txn`).
    ///
    /// - Throws: `EtcdError`. Where the answer was lost the transaction may have happened: read
    ///   again before trying again.
    public func write(
        _ writes: [RecordWrite], if conditions: [RecordCondition]
    ) async throws -> WriteResult {
        let transaction = try Transaction(
            if: conditions.map { $0.condition(layout) },
            then: writes.map { try $0.operation(layout) })
        let result = try await client.transact(transaction)
        return result.succeeded ? .written(.init(result.revision)) : .conflict
    }

    /// What changes after the state that is known, as it comes. See ``ClusterChanges``.
    public func changes(after revision: MetaStackModel.Revision) -> ClusterChanges {
        ClusterChanges(store: self, after: revision)
    }

    /// The cluster after each change, for programs that follow it whole. See ``ClusterFeed``.
    public func follow(_ cluster: Cluster) -> ClusterFeed {
        ClusterFeed(changes: changes(after: cluster.revision), cluster: cluster)
    }
}

/// What tells one etcd cluster, and its present, from another one or its own past.
public struct ClusterStanding: Sendable, Equatable {
    /// etcd's number of the cluster; made anew when it is restored under another name.
    public let clusterID: UInt64
    public let revision: MetaStackModel.Revision
}

/// One write of a transaction.
public enum RecordWrite: Sendable {
    /// - Parameter lease: under which the key shall stand; without one it stands by itself.
    case put(RecordKey, any Record, lease: LeaseNumber? = nil)
    case delete(RecordKey)
    /// Removes every record below a VM's declines.
    case deleteDeclines(of: VMID)

    func operation(_ layout: KeyLayout) throws -> Operation {
        switch self {
        case .put(let key, let record, let lease):
            .put(layout.key(key), try record.json(), lease: lease.map { LeaseID($0) })
        case .delete(let key):
            .delete(.key(layout.key(key)))
        case .deleteDeclines(let vm):
            .delete(
                .children(
                    of: layout.prefix.appending(RecordKey.Folder.declines.rawValue)
                        .appending(vm.text)))
        }
    }
}

/// What must still be so for a transaction to happen.
public enum RecordCondition: Sendable {
    /// Nobody has written the record since this revision.
    case unchanged(RecordKey, since: MetaStackModel.Revision)
    case absent(RecordKey)
    case exists(RecordKey)
    /// The record stands under this lease, which therefore is alive.
    case underLease(RecordKey, LeaseNumber)

    func condition(_ layout: KeyLayout) -> Condition {
        switch self {
        case .unchanged(let key, let revision):
            .modRevision(layout.key(key), equals: .init(revision))
        case .absent(let key): .absent(layout.key(key))
        case .exists(let key): .exists(layout.key(key))
        case .underLease(let key, let lease): .lease(layout.key(key), equals: LeaseID(lease))
        }
    }
}

/// What became of a transaction. Losing a race is a result and no error.
public enum WriteResult: Sendable, Equatable {
    /// It happened, at this revision.
    case written(MetaStackModel.Revision)
    /// A condition did not hold; nothing was written.
    case conflict
}
