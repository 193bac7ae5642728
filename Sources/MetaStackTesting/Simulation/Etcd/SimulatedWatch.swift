import Etcd

/// One watch of a process: connects again as often as it must, and loses nothing.
final class SimulatedWatch: WatchReader {
    private let client: SimulatedEtcd
    private let range: KeyRange
    private var next: Int64?
    private var connection: WatchConnection?
    private var failures = 0

    init(client: SimulatedEtcd, range: KeyRange, from: Int64?) {
        self.client = client
        self.range = range
        next = from
    }

    deinit {
        if let connection { client.close(connection) }
    }

    func next() async throws -> WatchBatch? {
        while true {
            try Task.checkCancellation()
            guard let connection else {
                try await connect()
                continue
            }
            if let batch = connection.take() {
                next = batch.revision.rawValue + 1
                return batch
            }
            if let failure = connection.failure {
                self.connection = nil
                if failure.code == .compacted { throw failure }
                continue
            }
            let waiting = Waiting(connection: connection)
            try await client.process.call { waiting.connection.wait($0) }
        }
    }

    private func connect() async throws {
        if failures > 1 { try await pause() }
        do {
            connection = try await client.openWatch(
                range, from: next ?? client.cluster.space.revision + 1)
            failures = 0
        } catch let error as EtcdError where error.code != .compacted {
            failures += 1
        }
    }

    /// 50 ms, doubled each time up to a second, and up to a half more by chance.
    private func pause() async throws {
        let base = Duration.milliseconds(min(1000, 50 << min(failures - 2, 5)))
        let world = client.cluster.world
        let delay = base + world.duration(.zero, base / 2)
        try await client.process.call { (pending: PendingCall<Void>) in
            world.after(delay) { pending.finish(.success(())) }
        }
    }
}

private struct Waiting: @unchecked Sendable {
    let connection: WatchConnection
}
