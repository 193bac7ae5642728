import Etcd
import FoundationEssentials
import MetaStackModel

/// etcd with a mistake in its use.
struct MutatedEtcd: EtcdCalls {
    let real: any EtcdCalls
    let mutation: Mutation
    let host: HostID

    // MARK: Mistakes

    func transact(
        _ transaction: Transaction, deadline: Duration?
    ) async throws -> TransactionResult {
        try await real.transact(mutated(transaction), deadline: deadline)
    }

    private func mutated(_ transaction: Transaction) -> Transaction {
        var changed = transaction
        let makesClaim = transaction.conditions.contains { condition in
            if case .absent(let key) = condition { key.isBelow("actual_vms") } else { false }
        }
        let records = transaction.success.contains { operation in
            if case .put(let key, _, _) = operation { key.isBelow("vm_history") } else { false }
        }
        let handsOver = transaction.conditions.contains { condition in
            if case .modRevision(let key, _) = condition { key.isBelow("arrivals") } else { false }
        }
        let forgets = transaction.success.contains { operation in
            if case .delete(let range) = operation { range.isBelow("vm_history") } else { false }
        }
        switch mutation {
        case .claimUnwanted where makesClaim: changed.dropComparisons(of: "desired_vms")
        case .claimTwice where makesClaim: changed.dropComparisons(of: "actual_vms")
        case .claimInPlaceBlindly where makesClaim: changed.dropComparisons(of: "vm_history")
        case .recordBlindly where records:
            changed.conditions = []
            changed.dropLeases()
        case .handOverBlindly where handsOver && records:
            changed.conditions = []
        case .forgetAsking where records: changed.forgetAsking()
        case .giveTwice: changed.dropComparisons(of: "addresses")
        case .keepAddresses where forgets: changed.dropDeletes(of: "addresses")
        case .claimWithoutLease where makesClaim: changed.dropLeases()
        default: break
        }
        return changed
    }

    func keepAlive(_ lease: LeaseID, deadline: Duration?) async throws -> Duration {
        do {
            return try await real.keepAlive(lease, deadline: deadline)
        } catch let error as EtcdError where mutation == .trustLease && error.isRetriable {
            return .seconds(5)
        }
    }

    func status(endpoint: String, deadline: Duration) async throws -> EndpointStatus {
        do {
            return try await real.status(endpoint: endpoint, deadline: deadline)
        } catch var error as EtcdError where mutation == .blindOutage {
            error.isConnectionRefused = true
            throw error
        }
    }

    func reader(_ range: KeyRange, from: Etcd.Revision?) -> any WatchReader {
        let reader = real.reader(range, from: from)
        return switch mutation {
        case .watchWithoutList:
            ForgetfulReader(reader: reader, again: { real.reader(range, from: nil) })
        case .adoptAnything: OwningReader(reader: reader, host: host)
        default: reader
        }
    }

    func list(_ range: KeyRange) async throws -> Listing {
        var listing = try await real.list(range)
        if mutation == .adoptAnything {
            listing.keyValues = listing.keyValues.map { $0.asOwn(of: host) }
        }
        return listing
    }

    // MARK: As it is

    func get(_ key: Key, deadline: Duration?) async throws -> KeyValue? {
        try await real.get(key, deadline: deadline)
    }

    func put(
        _ key: Key, _ value: Data, lease: LeaseID?, deadline: Duration?
    ) async throws -> Etcd.Revision {
        try await real.put(key, value, lease: lease, deadline: deadline)
    }

    func delete(_ range: KeyRange, deadline: Duration?) async throws -> DeleteResponse {
        try await real.delete(range, deadline: deadline)
    }

    func compact(before revision: Etcd.Revision, deadline: Duration?) async throws {
        try await real.compact(before: revision, deadline: deadline)
    }

    func grantLease(ttl: Duration, deadline: Duration?) async throws -> Lease {
        try await real.grantLease(ttl: ttl, deadline: deadline)
    }

    func revoke(_ lease: LeaseID, deadline: Duration?) async throws {
        try await real.revoke(lease, deadline: deadline)
    }

    func members(deadline: Duration?) async throws -> [Member] {
        try await real.members(deadline: deadline)
    }
}

/// Goes on from now where it was told that something is missing.
private struct ForgetfulReader: WatchReader {
    var reader: any WatchReader
    let again: () -> any WatchReader

    mutating func next() async throws -> WatchBatch? {
        while true {
            do {
                return try await reader.next()
            } catch let error as EtcdError where error.code == .compacted {
                reader = again()
            }
        }
    }
}

/// Shows every VM's history as this host's own.
private struct OwningReader: WatchReader {
    var reader: any WatchReader
    let host: HostID

    mutating func next() async throws -> WatchBatch? {
        guard var batch = try await reader.next() else { return nil }
        batch.events = batch.events.map { event in
            guard case .put(let keyValue, let previous) = event else { return event }
            return .put(keyValue.asOwn(of: host), previous: previous)
        }
        return batch
    }
}

extension KeyValue {
    /// A history as if this host had been the last owner, and nobody had evicted its guest.
    fileprivate func asOwn(of host: HostID) -> KeyValue {
        guard key.isBelow("vm_history"),
            var history = try? VMHistory(json: value, path: "")  // Agents wrote it.
        else { return self }
        history.host = host
        history.evicted = []
        var seen = self
        // Plain values are always JSON.
        seen.value = (try? history.json()) ?? value
        return seen
    }
}

extension Key {
    fileprivate func isBelow(_ folder: String) -> Bool {
        string.hasPrefix("\(SimulatedFleet.prefix)/\(folder)/")
    }
}

extension KeyRange {
    /// Whether it is of keys in a folder.
    fileprivate func isBelow(_ folder: String) -> Bool {
        description.contains("\(SimulatedFleet.prefix)/\(folder)/")
    }
}

extension Condition {
    fileprivate var key: Key {
        switch self {
        case .exists(let key), .absent(let key), .modRevision(let key, _),
            .createRevision(let key, _), .version(let key, _), .value(let key, _),
            .lease(let key, _):
            key
        }
    }
}

extension Transaction {
    fileprivate mutating func dropLeases() {
        success = success.map { operation in
            guard case .put(let key, let value, _) = operation else { return operation }
            return .put(key, value, lease: nil)
        }
    }

    fileprivate mutating func forgetAsking() {
        success = success.map { operation in
            guard case .put(let key, let value, let lease) = operation, key.isBelow("vm_history"),
                var history = try? VMHistory(json: value, path: "")  // Agents wrote it.
            else { return operation }
            history.askedToEnd = false
            // Plain values are always JSON.
            return .put(key, (try? history.json()) ?? value, lease: lease)
        }
    }

    fileprivate mutating func dropDeletes(of folder: String) {
        success.removeAll { operation in
            if case .delete(let range) = operation { range.isBelow(folder) } else { false }
        }
    }

    fileprivate mutating func dropComparisons(of folder: String) {
        conditions.removeAll { $0.key.isBelow(folder) }
    }
}
