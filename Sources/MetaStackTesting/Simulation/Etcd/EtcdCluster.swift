import Etcd

/// Three members of etcd: one key space, as linearizable as theirs, and who of them can serve it.
final class EtcdCluster {
    struct Member {
        var isUp = true
        /// Whom it follows, as far as it knows: for a while after a loss it is wrong.
        var leader: Int?
        /// Grows with each change of belief, so that an outdated change is recognised.
        var beliefs = 0
    }

    static let memberCount = 3
    let world: World
    let network: Network
    private(set) var space = KeySpace()
    private(set) var members = Array(repeating: Member(leader: 0), count: memberCount)
    /// The member that can commit; nil while there is no quorum or an election.
    private(set) var leader: Int? = 0
    private(set) var term: UInt64 = 2
    var leases: [LeaseID: LeaseState] = [:]
    /// Whether the present commit is a lease's end.
    var isRevoking = false
    var leasesGranted: Int64 = 0
    var watches: [WatchConnection] = []
    /// Told of every change at the instant of its commit.
    var onCommit: ([WatchEvent]) -> Void = { _ in }
    /// Requests that a member took and cannot commit at present.
    private var stuck: [(deadline: Moment, member: Int, perform: () -> Void)] = []
    private var elections = 0
    private(set) var leaderChanges = 0
    /// Whether every lease ends right at its time, and none a little later.
    var expiresAtOnce = false

    init(world: World, network: Network) {
        self.world = world
        self.network = network
    }

    // MARK: Data

    /// Commits what holds, at this instant.
    ///
    /// - Throws: `EtcdError` as etcd has it for a lease that is not there.
    func commit(_ transaction: Transaction) throws -> TransactionResult {
        let holds = transaction.conditions.allSatisfy(space.holds)
        let operations = holds ? transaction.success : transaction.failure
        for case .put(_, _, let lease?) in operations where leases[lease] == nil {
            throw EtcdError(.leaseNotFound, "etcdserver: requested lease not found")
        }
        commit(operations)
        return TransactionResult(succeeded: holds, header: header(), results: [])
    }

    func commit(_ operations: [Operation]) {
        let events = space.apply(operations)
        guard !events.isEmpty else { return }
        for event in events {
            switch event {
            case .put(let keyValue, let previous):
                if let old = previous?.lease { leases[old]?.keys.remove(keyValue.key) }
                if let new = keyValue.lease { leases[new]?.keys.insert(keyValue.key) }
            case .delete(let key, _, let previous):
                if let old = previous?.lease { leases[old]?.keys.remove(key) }
            }
        }
        world.note("etcd rev \(space.revision): \(Self.words(events))")
        onCommit(events)
        flushWatches()
    }

    func compact() {
        world.note("etcd compacted up to \(space.revision)")
        space.compact(upTo: space.revision)
    }

    func header(member: Int = 0) -> ResponseHeader {
        ResponseHeader(
            clusterID: 1, memberID: UInt64(member + 1),
            revision: Revision(rawValue: space.revision),
            raftTerm: term)
    }

    private static func words(_ events: [WatchEvent]) -> String {
        events.map { event in
            switch event {
            case .put(let keyValue, _):
                "put \(keyValue.key) \(String(decoding: keyValue.value, as: UTF8.self))"
            case .delete(let key, _, _): "delete \(key)"
            }
        }.joined(separator: ", ")
    }

    // MARK: Serving

    /// Whether the member is in touch with a leader that can commit.
    func isSynced(_ member: Int) -> Bool {
        guard members[member].isUp, let leader else { return false }
        return member == leader
            || network.isOpenBothWays(.member(member), .member(leader))
    }

    /// A request has arrived at a member that is up.
    func serve<Value>(
        _ member: Int, _ perform: @escaping () throws -> Value,
        reply: @escaping (Result<Value, any Error>) -> Void
    ) {
        if isSynced(member) {
            reply(Result { try perform() })
        } else if members[member].leader == nil {
            reply(.failure(EtcdError(.unavailable, "etcdserver: no leader")))
        } else {
            // It was proposed; whether it is ever committed is a matter of chance.
            let deadline = world.now + .seconds(7)
            stuck.append((deadline, member, { reply(Result { try perform() }) }))
            world.at(deadline) {
                reply(.failure(EtcdError(.deadlineExceeded, "etcdserver: request timed out")))
            }
        }
    }

    // MARK: Members

    func setMember(_ member: Int, isUp: Bool) {
        guard members[member].isUp != isUp else { return }
        members[member].isUp = isUp
        members[member].leader = nil
        members[member].beliefs += 1
        if !isUp { breakWatches(of: member) }
        reconsider()
    }

    /// The leader steps down for no reason that anybody could see.
    func loseLeader() {
        guard leader != nil else { return }
        world.note("etcd loses its leader")
        leader = nil
        reconsider()
    }

    /// After every change of members or paths.
    func reconsider() {
        let quorum = quorum()
        if let leader, !quorum.contains(leader) {
            world.note("etcd has no leader that can commit")
            self.leader = nil
        }
        if leader == nil, !quorum.isEmpty { elect() }
        for member in members.indices where members[member].isUp { updateBelief(of: member) }
        flushWatches()
    }

    /// The largest set of members that see each other, where it is a majority.
    private func quorum() -> [Int] {
        let up = members.indices.filter { members[$0].isUp }
        for centre in up {
            let group = up.filter {
                $0 == centre || network.isOpenBothWays(.member(centre), .member($0))
            }
            if group.count * 2 > Self.memberCount { return group }
        }
        return []
    }

    private func elect() {
        elections += 1
        let election = elections
        world.after(world.duration(.seconds(1), .milliseconds(2500))) { [self] in
            guard election == elections, leader == nil else { return }
            guard let new = world.random.pick(quorum()) else { return }
            leader = new
            term += 1
            leaderChanges += 1
            world.note("etcd elects member \(new)")
            extendLeases()
            performStuck()
            reconsider()
        }
    }

    /// Half of what was proposed is in the new leader's log.
    private func performStuck() {
        let waiting = stuck
        stuck = []
        for request in waiting where world.now < request.deadline {
            if isSynced(request.member), world.chance(0.5) { request.perform() }
        }
    }

    /// A member notices a new leader at once and the loss of one after an election time-out.
    private func updateBelief(of member: Int) {
        let truth = isSynced(member) ? leader : nil
        guard members[member].leader != truth else { return }
        members[member].beliefs += 1
        let belief = members[member].beliefs
        if let truth {
            members[member].leader = truth
            return
        }
        let notices = world.duration(.milliseconds(600), .milliseconds(1000))
        world.after(notices) { [self] in
            guard members[member].beliefs == belief, !isSynced(member) else { return }
            members[member].leader = nil
            // The stream asked for a leader ("hasleader"), and there is none.
            breakWatches(of: member)
        }
    }
}
