import Ceph
import MetaStackModel
import Synchronization

/// One connection to Ceph, and the pools that were opened over it.
final class CephPools: Sendable {
    let cluster: CephCluster
    private let open = Mutex<[PoolName: CephPool]>([:])

    init(_ cluster: CephCluster) { self.cluster = cluster }

    func pool(_ name: PoolName) async throws -> CephPool {
        if let open = open.withLock({ $0[name] }) { return open }
        let pool = try await cluster.pool(name.text)
        open.withLock { $0[name] = pool }
        return pool
    }
}
