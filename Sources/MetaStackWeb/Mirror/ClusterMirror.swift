import DequeModule
package import Logging
package import MetaStackModel
package import MetaStackStore
import ServiceLifecycle
import Synchronization

/// The cluster as `metastack serve` knows it: one copy in memory, kept by one watch, whatever the
/// number of readers.
///
/// Every route reads it and none asks etcd, but for those that follow the records themselves from a
/// revision of their own; those that write ask etcd, whose comparison of
/// revisions makes up for what the copy has not seen yet. Readers that want each change subscribe;
/// one that is too slow to follow is told to read everything again, so that it holds nobody up.
package final class ClusterMirror: Service {
    private static let retryAfter = Duration.milliseconds(500)

    /// How many changes a reader that comes back can catch up with.
    private static let mostRemembered = 8192
    /// How long a silent stream stays silent.
    private static let heartbeat = Duration.seconds(15)
    /// How long a writer waits to see what it wrote.
    private static let longestReach = Duration.seconds(2)

    private struct State {
        var cluster: Cluster?
        var isFollowing = false
        /// The newest changes, oldest first.
        var past: Deque<MirrorUpdate> = []
        var nextReader = 0
        var readers: [Int: AsyncStream<MirrorUpdate>.Continuation] = [:]
        /// Those who hear of the records themselves.
        var listeners: [Int: AsyncStream<ClusterChange>.Continuation] = [:]
    }

    private let store: ClusterStore
    private let logger: Logger
    private let state = Mutex(State())

    package init(store: ClusterStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// The newest copy; nil until etcd has answered once.
    package var cluster: Cluster? { state.withLock(\.cluster) }

    /// Whether the watch is up: false from an error until etcd answers again.
    package var isFollowing: Bool { state.withLock(\.isFollowing) }

    /// Loads and follows until it is cancelled. What etcd refuses is tried again for as long as it
    /// takes: reading goes on from the last copy meanwhile.
    package func run() async throws {
        await withTaskGroup { group in
            group.addTask { await cancelWhenGracefulShutdown { await self.beat() } }
            group.addTask { await self.followForGood() }
        }
        for reader in state.withLock(\.readers).values { reader.finish() }
        for listener in state.withLock(\.listeners).values { listener.finish() }
    }

    private func followForGood() async {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await self.follow()
                } catch is CancellationError {
                    break
                } catch {
                    self.state.withLock { $0.isFollowing = false }
                    self.logger.warning(
                        "etcd cannot be followed, trying again", metadata: ["error": "\(error)"])
                }
                // Cancellation ends the wait, and with it the loop.
                try? await Task.sleep(for: Self.retryAfter)
            }
        }
    }

    /// Lets streams say something now and then, so that both ends notice a dead connection.
    private func beat() async {
        // Cancellation ends the wait, and with it the loop.
        while (try? await Task.sleep(for: Self.heartbeat)) != nil {
            tell { state in
                let revision = state.cluster?.revision ?? Revision(0)
                return MirrorUpdate(revision: revision, changed: [], isReload: false)
            }
        }
    }

    private func follow() async throws {
        var cluster = try await store.load()
        publish(.reloaded(cluster), cluster, changed: nil)
        for try await change in store.changes(after: cluster.revision) {
            let changed = cluster.apply(change)
            publish(change, cluster, changed: changed)
        }
    }

    /// - Parameter changed: nil where all records may have changed.
    private func publish(
        _ change: ClusterChange, _ cluster: Cluster, changed: Set<RecordKey>?
    ) {
        tell(change) { state in
            state.cluster = cluster
            state.isFollowing = true
            let news = MirrorUpdate(
                revision: cluster.revision, changed: changed ?? [], isReload: changed == nil)
            if news.isReload { state.past = [] }
            state.past.append(news)
            if state.past.count > Self.mostRemembered { state.past.removeFirst() }
            return news
        }
    }

    /// Changes the state, and tells all readers what is new, and all listeners the records of it.
    private func tell(_ records: ClusterChange? = nil, _ change: (inout State) -> MirrorUpdate) {
        let (readers, listeners) = state.withLock { state in
            let news = change(&state)
            let listeners = records.map { records in
                state.listeners.values.filter { !$0.takes(records) }
            }
            return (state.readers.values.filter { !$0.takes(news) }, listeners ?? [])
        }
        // Those are too slow. Without the lock: a stream that ends takes itself off, for which it needs it.
        for reader in readers { reader.finish() }
        for listener in listeners { listener.finish() }
    }

    /// Every change from now on, and before it those after a revision that the reader has seen
    /// already: as a reload where they are forgotten. The stream ends where its reader is more than
    /// `limit` changes behind, and where the server ends.
    package func subscribe(
        after seen: Revision? = nil, limit: Int = 1024
    ) -> AsyncStream<MirrorUpdate> {
        let (stream, reader) = AsyncStream.makeStream(
            of: MirrorUpdate.self, bufferingPolicy: .bufferingOldest(limit))
        let number = newNumber()
        reader.onTermination = { [weak self] _ in
            self?.state.withLock { $0.readers[number] = nil }
        }
        state.withLock { state in
            for update in Self.missed(after: seen, state) { reader.yield(update) }
            state.readers[number] = reader
        }
        return stream
    }

    private static func missed(after seen: Revision?, _ state: State) -> [MirrorUpdate] {
        guard let seen, let now = state.cluster?.revision, seen != now else { return [] }
        let reload = MirrorUpdate(revision: now, changed: [], isReload: true)
        guard let oldest = state.past.first, oldest.revision <= seen, seen < now else {
            return [reload]
        }
        return state.past.filter { $0.revision > seen }
    }

    /// The records of every change from now on, and the revision that they come after; nil before the first
    /// copy, which is then the first change. The stream ends where its reader is more than `limit` changes
    /// behind, and where the server ends.
    package func changes(
        limit: Int = 4096
    ) -> (after: Revision?, changes: AsyncStream<ClusterChange>) {
        let (stream, listener) = AsyncStream.makeStream(
            of: ClusterChange.self, bufferingPolicy: .bufferingOldest(limit))
        let number = newNumber()
        listener.onTermination = { [weak self] _ in
            self?.state.withLock { $0.listeners[number] = nil }
        }
        let revision = state.withLock { state in
            state.listeners[number] = listener
            return state.cluster?.revision
        }
        return (revision, stream)
    }

    private func newNumber() -> Int {
        state.withLock { state in
            defer { state.nextReader += 1 }
            return state.nextReader
        }
    }

    /// Calls `body` with the copy, once there is one and whenever a record has changed or may have, until
    /// its task is cancelled.
    package func follow(_ key: RecordKey, _ body: @Sendable (Cluster) -> Void) async {
        while !Task.isCancelled {
            // A stream that ended because this reader was too slow is begun anew.
            let updates = subscribe()
            if let cluster { body(cluster) }
            for await update in updates where update.isReload || update.changed.contains(key) {
                if let cluster { body(cluster) }
            }
        }
    }

    package var readerCount: Int { state.withLock(\.readers.count) }

    /// Returns once the copy is as new as a revision, or after two seconds: then etcd is away, and
    /// whoever waited reads what there was.
    package func reach(_ revision: Revision) async {
        let isThere = { @Sendable in (self.cluster?.revision ?? Revision(0)) >= revision }
        let updates = subscribe()
        if isThere() { return }
        await wait(atMost: Self.longestReach) { for await _ in updates where isThere() { return } }
    }
}

extension AsyncStream.Continuation where Element: Sendable {
    /// Whether there was room for it.
    fileprivate func takes(_ element: Element) -> Bool {
        if case .enqueued = yield(element) { true } else { false }
    }
}
