import Etcd
public import MetaStackModel

/// Leases in the words of the records.
extension ClusterStore {
    /// Grants a lease (etcd's `LeaseGrant`).
    ///
    /// - Returns: the lease and the time to live that etcd gave it.
    /// - Throws: `EtcdError`.
    public func grantLease(
        ttl: Duration, deadline: Duration? = nil
    ) async throws -> (lease: LeaseNumber, ttl: Duration) {
        let lease = try await client.grantLease(ttl: ttl, deadline: deadline)
        return (LeaseNumber(lease.id.rawValue), lease.ttl)
    }

    /// Renews a lease (etcd's `LeaseKeepAlive`).
    ///
    /// - Returns: false where etcd has no such lease.
    /// - Throws: `EtcdError` where it is not known whether it has.
    public func keepAlive(_ lease: LeaseNumber, deadline: Duration) async throws -> Bool {
        do {
            _ = try await client.keepAlive(LeaseID(lease), deadline: deadline)
            return true
        } catch let error as EtcdError where error.code == .leaseNotFound {
            return false
        }
    }
}
