import Etcd

/// A lease as the leader keeps it.
struct LeaseState {
    var ttl: Duration
    /// When it may be revoked, by the leader's clock.
    var deadline: Moment
    var keys: Set<Key> = []
}

extension EtcdCluster {
    /// etcd's own clock may run fast against its clients'.
    private static let fastest = 0.9995
    /// No lease is shorter.
    private static let shortest = Duration.seconds(2)

    func grant(ttl: Duration) -> Lease {
        leasesGranted += 1
        let id = LeaseID(rawValue: 0x7000 + leasesGranted)
        let ttl = max(ttl, Self.shortest)
        leases[id] = LeaseState(ttl: ttl, deadline: world.now + ttl * Self.fastest)
        watchOver(id)
        return Lease(id: id, ttl: ttl)
    }

    /// - Throws: `.leaseNotFound`.
    func renew(_ id: LeaseID) throws -> Duration {
        guard let lease = leases[id] else {
            throw EtcdError(.leaseNotFound, "etcdserver: requested lease not found")
        }
        leases[id]?.deadline = world.now + lease.ttl * Self.fastest
        return lease.ttl
    }

    func revoke(_ id: LeaseID) {
        guard let lease = leases.removeValue(forKey: id) else { return }
        world.note("etcd revokes lease \(id)")
        isRevoking = true
        commit(lease.keys.sorted().map { .delete(.key($0)) })
        isRevoking = false
    }

    /// A new leader gives every lease its whole time again.
    func extendLeases() {
        for (id, lease) in leases { leases[id]?.deadline = world.now + lease.ttl }
    }

    private func watchOver(_ id: LeaseID) {
        guard let lease = leases[id] else { return }
        let late = expiresAtOnce ? .zero : world.duration(.zero, .milliseconds(500))
        world.at(lease.deadline + late) { [self] in
            guard let lease = leases[id] else { return }
            if leader == nil {
                // Nobody counts; the next leader begins anew.
                world.after(.milliseconds(500)) { [self] in watchOver(id) }
            } else if lease.deadline <= world.now {
                revoke(id)
            } else {
                watchOver(id)
            }
        }
    }
}
