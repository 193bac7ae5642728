import Curl

extension EtcdClient {
    /// Grants a lease (etcd's `LeaseGrant`).
    ///
    /// - Parameters:
    ///   - ttl: time to live, rounded up to whole seconds. etcd grants none below its own minimum
    ///     of 1.5 election time-outs, 2 s by default.
    ///   - id: the lease's number; nil lets etcd choose.
    ///   - deadline: how long the call may take; nil is the configuration's.
    public func grantLease(
        ttl: Duration, id: LeaseID? = nil, deadline: Duration? = nil
    ) async throws -> Lease {
        let (seconds, attoseconds) = ttl.components
        let request = WireLeaseRequest(
            ID: id.map { WireInt64($0.rawValue) },
            TTL: WireInt64(max(1, seconds + (attoseconds > 0 ? 1 : 0))))
        // A lease without a number that nobody heard of ends by itself, so it may be asked for
        // twice; one with a number would be refused the second time.
        let answer = try await lease("lease/grant", request, mutates: id != nil, deadline: deadline)
        return Lease(
            id: LeaseID(rawValue: answer.ID?.number ?? 0), ttl: .seconds(answer.TTL?.number ?? 0))
    }

    /// Gives a lease its whole time again (etcd's `LeaseKeepAlive`, one message on a stream of its
    /// own) and returns the time that is left from etcd's point of view. Starts at once, however
    /// many other calls wait.
    ///
    /// - Throws: `.leaseNotFound` where the lease has ended.
    public func keepAlive(_ lease: LeaseID, deadline: Duration? = nil) async throws -> Duration {
        var call = try Call(
            "lease/keepalive", WireLeaseRequest(ID: WireInt64(lease.rawValue)))
        call.admission = .atOnce
        call.deadline = deadline
        let (body, endpoint) = try await caller.send(call)
        let line: WireLine<WireLeaseAnswer> = try Caller.decode(body, from: endpoint)
        if let error = line.error.map(ErrorAnswer.init) {
            throw EtcdError(message: error.message, grpcCode: error.code, endpoint: endpoint.url)
        }
        guard let left = line.result?.TTL?.number, left > 0 else {
            throw EtcdError(
                .leaseNotFound, "lease \(lease) has ended, there is nothing to keep alive",
                endpoint: endpoint.url)
        }
        return .seconds(left)
    }

    /// Ends a lease and with it its keys (etcd's `LeaseRevoke`).
    ///
    /// - Throws: `.leaseNotFound` where it had ended before, perhaps by a first try of this call
    ///   whose answer was lost.
    public func revoke(_ lease: LeaseID, deadline: Duration? = nil) async throws {
        let request = WireLeaseRequest(ID: WireInt64(lease.rawValue))
        _ = try await self.lease("lease/revoke", request, mutates: false, deadline: deadline)
    }

    /// What is left of a lease (etcd's `LeaseTimeToLive`), without keeping it alive.
    ///
    /// - Parameter keys: whether to list the keys that end with it.
    /// - Throws: `.leaseNotFound` where it has ended.
    public func timeToLive(
        _ lease: LeaseID, keys: Bool = false, deadline: Duration? = nil
    ) async throws -> LeaseStatus {
        let request = WireLeaseRequest(ID: WireInt64(lease.rawValue), keys: keys ? true : nil)
        let answer = try await self.lease(
            "lease/timetolive", request, mutates: false, deadline: deadline)
        let left = answer.TTL?.number ?? 0
        guard left >= 0 else {
            throw EtcdError(.leaseNotFound, "lease \(lease) has ended or was never granted")
        }
        return LeaseStatus(
            id: lease, remaining: .seconds(left), granted: .seconds(answer.grantedTTL?.number ?? 0),
            keys: (answer.keys ?? []).map { Key($0) })
    }

    private func lease(
        _ path: String, _ request: WireLeaseRequest, mutates: Bool, deadline: Duration?
    ) async throws -> WireLeaseAnswer {
        var call = try Call(path, request, mutates: mutates)
        call.admission = .atOnce
        call.deadline = deadline
        return try await caller.answer(to: call)
    }
}
