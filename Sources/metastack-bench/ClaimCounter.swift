import Etcd
import FoundationEssentials
import MetaStackTesting
import Synchronization

/// Counts what agents ask of etcd, and what becomes of their claims.
final class ClaimCounter: Sendable {
    struct Counts: Sendable {
        /// Calls of any kind but keepalives.
        var calls = 0
        /// Transactions that would make claims, and those of them that did not.
        var transactions = 0
        var lostTransactions = 0
        /// Claims that were made, and that came too late.
        var won = 0
        var lost = 0
    }

    private let state = Mutex(Counts())

    var counts: Counts { state.withLock { $0 } }

    func called() { state.withLock { $0.calls += 1 } }

    /// - Parameter claims: how many the transaction would make.
    func claimed(_ claims: Int, succeeded: Bool) {
        state.withLock { counts in
            counts.transactions += 1
            if succeeded {
                counts.won += claims
            } else {
                counts.lostTransactions += 1
                // Those of a larger one are looked for one by one.
                if claims == 1 { counts.lost += 1 }
            }
        }
    }
}

/// An agent's etcd that tells a ``ClaimCounter`` of every call.
struct CountedEtcd: EtcdDecorator {
    let etcd: any EtcdCalls
    let counter: ClaimCounter

    func get(_ key: Key, deadline: Duration?) async throws -> KeyValue? {
        counter.called()
        return try await etcd.get(key, deadline: deadline)
    }

    func put(
        _ key: Key, _ value: Data, lease: LeaseID?, deadline: Duration?
    ) async throws -> Revision {
        counter.called()
        return try await etcd.put(key, value, lease: lease, deadline: deadline)
    }

    func transact(
        _ transaction: Transaction, deadline: Duration?
    ) async throws -> TransactionResult {
        counter.called()
        let result = try await etcd.transact(transaction, deadline: deadline)
        let claims = transaction.newClaims
        if claims > 0 { counter.claimed(claims, succeeded: result.succeeded) }
        return result
    }
}

extension Transaction {
    /// A claim is made where the transaction compares that there is none.
    fileprivate var newClaims: Int {
        conditions.count { condition in
            guard case .absent(let key) = condition else { return false }
            return key.string.contains("/actual_vms/")
        }
    }
}
