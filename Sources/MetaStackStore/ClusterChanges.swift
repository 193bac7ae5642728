import Etcd
public import MetaStackModel

/// Something that is new in the store.
public enum ClusterChange: Sendable {
    /// These keys changed; afterwards the store was at this revision.
    case records([RawRecord], revision: MetaStackModel.Revision)
    /// The watch could not be resumed where it was, its revision was compacted: this is the whole
    /// state, read afresh.
    case reloaded(Cluster)
}

/// The store's changes after a revision, without a gap, for as long as somebody iterates.
///
/// A cut connection, a dead member, a compaction: the sequence deals with them and goes on. It ends
/// only with its task's cancellation or an error that waiting does not mend (such as a refused
/// password).
public struct ClusterChanges: AsyncSequence, Sendable {
    public typealias Element = ClusterChange
    private let store: ClusterStore
    private let revision: MetaStackModel.Revision

    init(store: ClusterStore, after revision: MetaStackModel.Revision) {
        self.store = store
        self.revision = revision
    }

    public func makeAsyncIterator() -> Iterator { Iterator(store: store, after: revision) }

    public struct Iterator: AsyncIteratorProtocol {
        private static let retryAfter = Duration.milliseconds(200)
        private let store: ClusterStore
        private var watch: any WatchReader

        init(store: ClusterStore, after revision: MetaStackModel.Revision) {
            self.store = store
            watch = Self.watch(store, after: revision)
        }

        private static func watch(
            _ store: ClusterStore, after revision: MetaStackModel.Revision
        ) -> any WatchReader {
            store.client.reader(store.layout.range, from: Etcd.Revision(revision).next)
        }

        public mutating func next() async throws -> ClusterChange? {
            do {
                guard let batch = try await watch.next() else { return nil }
                let records = batch.events.map { RawRecord($0, layout: store.layout) }
                return .records(records, revision: .init(batch.revision))
            } catch let error as EtcdError where error.code == .compacted {
                return .reloaded(try await reload())
            }
        }

        private mutating func reload() async throws -> Cluster {
            while true {
                do {
                    let cluster = try await store.load()
                    watch = Self.watch(store, after: cluster.revision)
                    return cluster
                } catch let error as EtcdError where error.isRetriable {
                    try await store.pause(Self.retryAfter)
                }
            }
        }
    }
}

extension Cluster {
    /// Takes a change over.
    ///
    /// - Returns: the records that it is about; nil where all of them may have changed.
    public mutating func apply(_ change: ClusterChange) -> Set<RecordKey>? {
        switch change {
        case .reloaded(let cluster):
            self = cluster
            return nil
        case .records(let records, let revision):
            var changed: Set<RecordKey> = []
            for record in records {
                if let key = apply(record) { changed.insert(key) }
            }
            self.revision = max(self.revision, revision)
            return changed
        }
    }
}
