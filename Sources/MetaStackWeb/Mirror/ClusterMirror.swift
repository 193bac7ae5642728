package import Logging
package import MetaStackModel
package import MetaStackStore
import ServiceLifecycle
import Synchronization

/// The cluster as `metastack serve` knows it: one copy in memory, kept by one watch, whatever the
/// number of readers.
///
/// Every route reads it and none asks etcd; those that write ask etcd, whose comparison of
/// revisions makes up for what the copy has not seen yet. Readers that want each change subscribe;
/// one that is too slow to follow is told to read everything again, so that it holds nobody up.
package final class ClusterMirror: Service {
    private static let retryAfter = Duration.milliseconds(500)

    private struct State {
        var cluster: Cluster?
        var isFollowing = false
        var nextReader = 0
        var readers: [Int: AsyncStream<MirrorUpdate>.Continuation] = [:]
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
        state.withLock { state in
            for reader in state.readers.values { reader.finish() }
            state.readers = [:]
        }
    }

    private func follow() async throws {
        let loaded = try await store.load()
        publish(loaded, changed: [], isReload: true)
        for try await update in store.follow(loaded) {
            publish(update.cluster, changed: update.changed, isReload: update.reloaded)
        }
    }

    private func publish(_ cluster: Cluster, changed: Set<RecordKey>, isReload: Bool) {
        state.withLock { state in
            state.cluster = cluster
            state.isFollowing = true
            let news = MirrorUpdate(
                revision: cluster.revision, changed: changed, isReload: isReload)
            for (number, reader) in state.readers {
                switch reader.yield(news) {
                case .enqueued: break
                case .dropped, .terminated:
                    reader.finish()
                    state.readers[number] = nil
                @unknown default: break
                }
            }
        }
    }

    /// The copy as it is now and every change after it. The stream ends where its reader is more
    /// than `limit` changes behind, and where the server ends.
    package func subscribe(limit: Int = 1024) -> (Cluster?, AsyncStream<MirrorUpdate>) {
        state.withLock { state in
            let number = state.nextReader
            state.nextReader += 1
            let (stream, reader) = AsyncStream.makeStream(
                of: MirrorUpdate.self, bufferingPolicy: .bufferingOldest(limit))
            state.readers[number] = reader
            reader.onTermination = { [weak self] _ in
                self?.state.withLock { $0.readers[number] = nil }
            }
            return (state.cluster, stream)
        }
    }
}

/// What is new in the mirror. The records themselves are in ``ClusterMirror/cluster``.
package struct MirrorUpdate: Sendable, Equatable {
    package let revision: Revision
    /// Empty where ``isReload``.
    package let changed: Set<RecordKey>
    /// Anything may have changed: the watch had to begin anew.
    package let isReload: Bool
}
