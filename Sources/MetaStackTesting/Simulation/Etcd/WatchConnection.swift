import Etcd

/// One watch's connection to one member: what the member has sent, and what has arrived.
final class WatchConnection {
    let member: Int
    let host: Int
    let range: KeyRange
    /// What the member has sent so far.
    var sent: Int64
    /// When the last message arrives: none overtakes another.
    var lastArrival = Moment.start
    var underway: [(arrival: Moment, events: [WatchEvent], revision: Int64)] = []
    private(set) var arrived: [WatchEvent] = []
    private(set) var arrivedRevision: Int64 = 0
    private(set) var failure: EtcdError?
    private var waiter: PendingCall<Void>?

    init(member: Int, host: Int, range: KeyRange, sent: Int64) {
        self.member = member
        self.host = host
        self.range = range
        self.sent = sent
    }

    var isOpen: Bool { failure == nil }

    func take() -> WatchBatch? {
        guard !arrived.isEmpty else { return nil }
        defer { arrived = [] }
        return WatchBatch(revision: Revision(rawValue: arrivedRevision), events: arrived)
    }

    func deliver(_ events: [WatchEvent], revision: Int64) {
        guard isOpen else { return }
        arrived += events.filter { range.contains($0.key) }
        arrivedRevision = revision
        if !arrived.isEmpty { wake() }
    }

    func fail(_ error: EtcdError) {
        guard isOpen else { return }
        failure = error
        wake()
    }

    func wait(_ pending: PendingCall<Void>) {
        guard isOpen, arrived.isEmpty else { return pending.finish(.success(())) }
        waiter = pending
    }

    private func wake() {
        waiter?.finish(.success(()))
        waiter = nil
    }
}

extension EtcdCluster {
    /// - Throws: `.compacted` where the revision to begin with is gone.
    func openWatch(_ range: KeyRange, from: Int64, member: Int, host: Int) throws
        -> WatchConnection
    {
        guard from > space.compacted else { throw compactedError() }
        let connection = WatchConnection(
            member: member, host: host, range: range, sent: from - 1)
        watches.append(connection)
        flush(connection)
        return connection
    }

    func close(_ connection: WatchConnection) {
        watches.removeAll { $0 === connection }
        connection.fail(EtcdError(.unavailable, "the watch is closed"))
    }

    func breakWatches(of member: Int) {
        for connection in watches where connection.member == member {
            breakOff(connection)
        }
    }

    func breakOff(_ connection: WatchConnection) {
        watches.removeAll { $0 === connection }
        connection.fail(EtcdError(.unavailable, "etcd ended the watch's stream"))
    }

    func flushWatches() {
        for connection in watches { flush(connection) }
    }

    /// Sends what the member knows and has not sent.
    private func flush(_ connection: WatchConnection) {
        guard connection.isOpen, isSynced(connection.member), connection.sent < space.revision
        else { return }
        guard connection.sent >= space.compacted else {
            watches.removeAll { $0 === connection }
            network.send(.member(connection.member), .host(connection.host)) { [self] in
                connection.fail(compactedError())
            }
            return
        }
        var events: [WatchEvent] = []
        for revision in (connection.sent + 1)...space.revision {
            events += space.events(of: revision)
        }
        connection.sent = space.revision
        deliver(events, space.revision, to: connection)
    }

    /// In order; what a broken path holds up arrives when it is whole again, if the client still
    /// waits for it then.
    private func deliver(
        _ events: [WatchEvent], _ revision: Int64, to connection: WatchConnection
    ) {
        let arrival = max(world.now + network.latency(), connection.lastArrival)
        connection.lastArrival = arrival
        connection.underway.append((arrival, events, revision))
        world.at(arrival) { [self] in pump(connection) }
    }

    private func pump(_ connection: WatchConnection) {
        guard connection.isOpen, !connection.underway.isEmpty else { return }
        guard network.isOpen(.member(connection.member), .host(connection.host)) else {
            world.after(.milliseconds(300)) { [self] in pump(connection) }
            return
        }
        while let next = connection.underway.first, next.arrival <= world.now {
            connection.underway.removeFirst()
            connection.deliver(next.events, revision: next.revision)
        }
    }

    private func compactedError() -> EtcdError {
        EtcdError(.compacted, "etcdserver: mvcc: required revision has been compacted")
    }
}
