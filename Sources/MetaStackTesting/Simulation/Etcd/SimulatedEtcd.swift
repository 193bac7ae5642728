import Etcd
import FoundationEssentials

/// One process's client of the simulated etcd: fails over, gives up at its deadlines and tells lost
/// answers from calls that were never sent, as `EtcdClient` does.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedEtcd: EtcdCalls, @unchecked Sendable {
    private static let requestTimeout = Duration.seconds(5)
    private static let connectTimeout = Duration.seconds(2)

    let cluster: EtcdCluster
    let process: Process
    let host: Int
    private var world: World { cluster.world }
    /// The member that is asked first.
    private var preferred: Int
    private var isConnected = Array(repeating: false, count: EtcdCluster.memberCount)
    private var watches: [WatchConnection] = []
    /// When the grant or the last keepalive was sent that was answered.
    private(set) var renewedAt: Moment?

    init(cluster: EtcdCluster, process: Process, host: Int) {
        self.cluster = cluster
        self.process = process
        self.host = host
        preferred = host % EtcdCluster.memberCount
        process.onDeath.append { [self] in watches.forEach(cluster.close) }
    }

    // MARK: Calls

    func get(_ key: Key, deadline: Duration?) async throws -> KeyValue? {
        try await send(deadline) { [cluster] _ in cluster.space.keys[key] }
    }

    func list(_ range: KeyRange) async throws -> Listing {
        try await send(nil) { [cluster] _ in
            Listing(
                keyValues: cluster.space.list(range), header: cluster.header(),
                revision: Revision(rawValue: cluster.space.revision))
        }
    }

    func put(
        _ key: Key, _ value: Data, lease: LeaseID?, deadline: Duration?
    ) async throws -> Revision {
        try await transact(
            Transaction(if: [], then: [.put(key, value, lease: lease)]), deadline: deadline
        ).revision
    }

    func delete(_ range: KeyRange, deadline: Duration?) async throws -> DeleteResponse {
        let result = try await transact(
            Transaction(if: [], then: [.delete(range)]), deadline: deadline)
        return DeleteResponse(header: result.header, deleted: 0)
    }

    func transact(
        _ transaction: Transaction, deadline: Duration?
    ) async throws -> TransactionResult {
        try await send(deadline, mutates: true) { [cluster] _ in
            try cluster.commit(transaction)
        }
    }

    func compact(before revision: Revision, deadline: Duration?) async throws {
        try await send(deadline, mutates: true) { [cluster] _ in cluster.compact() }
    }

    func grantLease(ttl: Duration, deadline: Duration?) async throws -> Lease {
        let sent = world.now
        let lease = try await send(deadline) { [cluster] _ in cluster.grant(ttl: ttl) }
        renewedAt = sent
        return lease
    }

    func keepAlive(_ lease: LeaseID, deadline: Duration?) async throws -> Duration {
        let sent = world.now
        let left = try await send(deadline) { [cluster] _ in try cluster.renew(lease) }
        renewedAt = sent
        return left
    }

    func revoke(_ lease: LeaseID, deadline: Duration?) async throws {
        try await send(deadline) { [cluster] _ in cluster.revoke(lease) }
    }

    func members(deadline: Duration?) async throws -> [Member] {
        try await send(deadline) { _ in
            (0..<EtcdCluster.memberCount).map {
                Member(
                    id: UInt64($0 + 1), name: "etcd-\($0)", peerURLs: [],
                    clientURLs: [Self.endpoint(of: $0)])
            }
        }
    }

    static func endpoint(of member: Int) -> String { "http://etcd-\(member):2379" }

    /// Answered by the member alone, whether it has a leader or not.
    func status(endpoint: String, deadline: Duration) async throws -> EndpointStatus {
        guard
            let member = (0..<EtcdCluster.memberCount).first(where: {
                Self.endpoint(of: $0) == endpoint
            })
        else { throw EtcdError(.badConfiguration, "no such member: \(endpoint)") }
        return try await process.call { [self] (pending: PendingCall<EndpointStatus>) in
            world.after(deadline) {
                pending.finish(.failure(Self.timedOut(member, isSent: false, mutates: false)))
            }
            connect(member, pending, limit: deadline) { [self] in
                pending.finish(.success(status(of: member)))
            }
        }
    }

    private func status(of member: Int) -> EndpointStatus {
        EndpointStatus(
            header: cluster.header(member: member), version: "3.5.23",
            leader: cluster.members[member].leader.map { UInt64($0 + 1) },
            raftTerm: cluster.term)
    }

    // MARK: Failover

    /// Asks the members in turn, each at most once.
    private func send<Value: Sendable>(
        _ deadline: Duration?, mutates: Bool = false,
        _ perform: @escaping (Int) throws -> Value
    ) async throws -> Value {
        let end = world.now + (deadline ?? Self.requestTimeout)
        var failure: EtcdError?
        let order = (0..<EtcdCluster.memberCount).map {
            (preferred + $0) % EtcdCluster.memberCount
        }
        for (index, member) in order.enumerated() {
            let remaining = end - world.now
            if failure != nil, remaining <= .zero { break }
            let left = order.count - index
            do {
                return try await attempt(
                    member, limit: left > 1 && !mutates ? remaining / 2 : remaining,
                    connectLimit: min(Self.connectTimeout, remaining / left), mutates: mutates,
                    perform)
            } catch let error as EtcdError
                where error.code == .unavailable || error.code == .deadlineExceeded
            {
                failed(member)
                failure = error
            }
        }
        throw failure ?? EtcdError(.deadlineExceeded, "no time was left to ask")
    }

    /// Another member is asked first from now on, and nothing is expected from this one's streams.
    private func failed(_ member: Int) {
        isConnected[member] = false
        if preferred == member { preferred = (member + 1) % EtcdCluster.memberCount }
        for watch in watches where watch.member == member { cluster.breakOff(watch) }
        watches.removeAll { !$0.isOpen }
    }

    private func attempt<Value: Sendable>(
        _ member: Int, limit: Duration, connectLimit: Duration, mutates: Bool,
        _ perform: @escaping (Int) throws -> Value
    ) async throws -> Value {
        let call = UncheckedCall(perform: perform)
        return try await process.call { [self] (pending: PendingCall<Value>) in
            var isSent = false
            world.after(limit) {
                pending.finish(.failure(Self.timedOut(member, isSent: isSent, mutates: mutates)))
            }
            if isConnected[member] {
                isSent = true
                request(member, mutates, call.perform, pending)
            } else {
                connect(member, pending, limit: connectLimit) { [self] in
                    isConnected[member] = true
                    isSent = true
                    request(member, mutates, call.perform, pending)
                }
            }
        }
    }

    /// A TCP handshake: there and back.
    private func connect<Value>(
        _ member: Int, _ pending: PendingCall<Value>, limit: Duration,
        _ established: @escaping () -> Void
    ) {
        let network = cluster.network
        world.after(limit) { [self] in
            guard !isConnected[member], !pending.isOver else { return }
            pending.finish(.failure(EtcdError(.unavailable, "connection timed out")))
        }
        network.send(.host(host), .member(member), isWanted: { !pending.isOver }) { [self] in
            let isUp = cluster.members[member].isUp
            network.send(.member(member), .host(host), isWanted: { !pending.isOver }) {
                guard !pending.isOver else { return }
                guard isUp else {
                    var error = EtcdError(.unavailable, "connection refused")
                    error.isConnectionRefused = true
                    return pending.finish(.failure(error))
                }
                established()
            }
        }
    }

    private func request<Value>(
        _ member: Int, _ mutates: Bool, _ perform: @escaping (Int) throws -> Value,
        _ pending: PendingCall<Value>
    ) {
        let network = cluster.network
        network.send(.host(host), .member(member)) { [self] in
            guard cluster.members[member].isUp else {
                let code = mutates ? EtcdError.Code.outcomeUnknown : .unavailable
                return pending.finish(.failure(EtcdError(code, "the connection was reset")))
            }
            cluster.serve(member, { try perform(member) }) { [self] result in
                network.send(.member(member), .host(host)) {
                    pending.finish(result.mapError { Self.seen($0, mutates: mutates) })
                }
            }
        }
    }

    private static func timedOut(_ member: Int, isSent: Bool, mutates: Bool) -> EtcdError {
        EtcdError(
            isSent && mutates ? .outcomeUnknown : .deadlineExceeded, "no answer in time",
            endpoint: endpoint(of: member))
    }

    /// etcd gives up waiting for a change that it has proposed already.
    private static func seen(_ error: any Error, mutates: Bool) -> any Error {
        guard mutates, let known = error as? EtcdError, known.code == .deadlineExceeded else {
            return error
        }
        return EtcdError(.outcomeUnknown, known.message)
    }

    // MARK: Watches

    func reader(_ range: KeyRange, from: Revision?) -> any WatchReader {
        SimulatedWatch(client: self, range: range, from: from?.rawValue)
    }

    func openWatch(_ range: KeyRange, from: Int64) async throws -> WatchConnection {
        let opened = try await send(nil) { [cluster, host] member in
            OpenedWatch(
                connection: try cluster.openWatch(range, from: from, member: member, host: host))
        }
        watches.removeAll { !$0.isOpen }
        watches.append(opened.connection)
        return opened.connection
    }

    func close(_ connection: WatchConnection) { cluster.close(connection) }
}

/// Carries a closure of the simulation's thread into a call on it.
private struct UncheckedCall<Value>: @unchecked Sendable {
    let perform: (Int) throws -> Value
}

private struct OpenedWatch: @unchecked Sendable {
    let connection: WatchConnection
}
