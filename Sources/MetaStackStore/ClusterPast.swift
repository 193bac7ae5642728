import Etcd
public import MetaStackModel
import Synchronization

/// What etcd still has of the deployment's past: everything since its last compaction.
public struct ClusterPast: Sendable {
    /// The state at the oldest revision that etcd has.
    public var base: Cluster
    /// Every change since, in the order in which they happened.
    public var changes: [RawRecord]
    /// Up to which revision it goes.
    public var revision: MetaStackModel.Revision

    public init(base: Cluster, changes: [RawRecord], revision: MetaStackModel.Revision) {
        self.base = base
        self.changes = changes
        self.revision = revision
    }
}

extension ClusterStore {
    /// More changes than this are too many to look at: the oldest become part of the base.
    private static let mostChanges = 200_000
    /// etcd hands out its past every 100 ms, and says nothing at its end. Where the state is complete
    /// and nothing has come for so long, nothing is left but what was made and deleted since.
    private static let silence = Duration.milliseconds(300)
    private static let mostAttempts = 5
    /// How often nothing may come while something is missing: etcd below 3.4.36 can keep back what it
    /// has, and whoever asks shall see the rest.
    fileprivate static let mostSilences = 15

    /// Reads the past (etcd's `Watch` from its oldest revision).
    ///
    /// - Throws: `EtcdError`.
    public func past() async throws -> ClusterPast {
        guard let client = client as? any BulkReads else {
            let now = try await load()
            return ClusterPast(base: now, changes: [], revision: now.revision)
        }
        var attempt = 1
        while true {
            do {
                return try await past(client)
            } catch let error as EtcdError
                where error.code == .compacted && attempt < Self.mostAttempts
            {
                // It was compacted in between: what is left begins later.
                attempt += 1
            }
        }
    }

    private func past(_ bulk: any BulkReads) async throws -> ClusterPast {
        let now = try await bulk.bulk(layout.range, at: nil, keysOnly: true)
        let oldest = try await oldestRevision(bulk)
        let start = try await bulk.bulk(layout.range, at: oldest, keysOnly: false)
        var base = Cluster()
        for keyValue in start.keyValues { base.apply(RawRecord(keyValue, layout: layout)) }
        base.revision = .init(oldest)
        let reading = PastReading(
            base: base, seen: start, until: now, mostChanges: Self.mostChanges)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [layout] in
                var reader = self.client.reader(layout.range, from: oldest.next)
                while let batch = try await reader.next() {
                    if reading.take(batch, layout) { return }
                }
            }
            group.addTask {
                repeat { try await self.pause(Self.silence) } while !reading.isComplete()
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        return reading.past
    }

    /// The oldest revision whose state can be read: the last that was compacted, or the first.
    private func oldestRevision(_ bulk: any BulkReads) async throws -> Etcd.Revision {
        let first = Etcd.Revision(rawValue: 1)
        do {
            _ = try await bulk.bulk(.key(layout.prefix), at: first, keysOnly: true)
            return first
        } catch let error as EtcdError where error.code == .compacted {
            // A watch is told where to begin; a read is not.
            do {
                var reader = client.reader(.key(layout.prefix), from: first)
                _ = try await reader.next()
            } catch let error as EtcdError where error.code == .compacted {
                if let oldest = error.compactRevision { return oldest }
            }
            throw error
        }
    }
}

/// A past while it is read.
private final class PastReading: Sendable {
    private struct State {
        var past: ClusterPast
        /// When each key was written last, as far as it is read.
        var seen: [Key: Etcd.Revision]
        /// Whether something has come since the last look.
        var isNew = false
        /// Looks in a row at which nothing had come.
        var silences = 0
    }

    private let state: Mutex<State>
    private let end: Etcd.Revision
    /// When each key was written last at the end.
    private let wanted: [Key: Etcd.Revision]
    private let mostChanges: Int

    init(base: Cluster, seen: Listing, until now: Listing, mostChanges: Int) {
        let past = ClusterPast(base: base, changes: [], revision: .init(now.revision))
        state = Mutex(State(past: past, seen: Self.revisions(seen)))
        end = now.revision
        wanted = Self.revisions(now)
        self.mostChanges = mostChanges
    }

    private static func revisions(_ listing: Listing) -> [Key: Etcd.Revision] {
        Dictionary(listing.keyValues.map { ($0.key, $0.modRevision) }) { $1 }
    }

    var past: ClusterPast { state.withLock(\.past) }

    /// - Returns: whether the end is reached for certain.
    func take(_ batch: WatchBatch, _ layout: KeyLayout) -> Bool {
        state.withLock { state in
            state.isNew = true
            for event in batch.events {
                state.past.changes.append(RawRecord(event, layout: layout))
                switch event {
                case .put(let keyValue, previous: _):
                    state.seen[keyValue.key] = keyValue.modRevision
                case .delete(let key, _, previous: _): state.seen[key] = nil
                }
            }
            state.past.revision = max(state.past.revision, .init(batch.revision))
            if state.past.changes.count > mostChanges {
                let old = state.past.changes.prefix(state.past.changes.count - mostChanges / 2)
                for change in old { state.past.base.apply(change) }
                state.past.changes.removeFirst(old.count)
            }
        }
        return batch.revision >= end
    }

    /// Whether nothing is missing, and nothing has come since this was asked last; or nothing has
    /// come for so long that nothing will.
    func isComplete() -> Bool {
        state.withLock { state in
            state.silences = state.isNew ? 0 : state.silences + 1
            state.isNew = false
            guard state.silences > 0 else { return false }
            return state.seen == wanted || state.silences >= ClusterStore.mostSilences
        }
    }
}
