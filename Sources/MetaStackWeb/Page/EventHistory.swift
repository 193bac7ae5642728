import DequeModule
import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Synchronization

/// What happened, for the page of events: etcd's past, and each change as it comes.
///
/// The past is read when somebody looks for the first time; from there on it hears of each change from the
/// mirror. It keeps the records as they were, since a change has to be told with what was before it. Once
/// nobody has looked for a while it is all forgotten, so that a server whose page of events is closed has
/// no such copy.
final class EventHistory: Sendable {
    /// Events that are kept.
    static let most = 10_000
    private static let retryAfter = Duration.milliseconds(500)
    /// How long a page waits for the past to be read.
    private static let longestReading = Duration.seconds(5)
    /// How long it waits for a change that it has heard of.
    private static let longestReach = Duration.seconds(2)

    private struct State {
        var events: Deque<ClusterEvent> = []
        /// Up to which revision they go; nil until the past is read.
        var revision: Revision?
        var looked = ContinuousClock.now
        /// Whether somebody has looked since it was forgotten.
        var isWanted = false
        var nextReader = 0
        /// Those who wait, told of each change.
        var readers: [Int: AsyncStream<Void>.Continuation] = [:]
    }

    private let state = Mutex(State())
    private let looks: AsyncStream<Void>
    private let look: AsyncStream<Void>.Continuation
    private let idle: Duration
    private let now: @Sendable () -> Timestamp

    /// - Parameter idle: how long nobody has looked when it is forgotten, at the next change.
    init(idle: Duration = .seconds(600), now: @escaping @Sendable () -> Timestamp) {
        self.idle = idle
        self.now = now
        (looks, look) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Follows what happens while somebody looks, until its task is cancelled. What etcd refuses is tried
    /// again.
    func follow(_ store: ClusterStore, _ mirror: ClusterMirror, _ logger: Logger) async {
        for await _ in looks {
            while !Task.isCancelled {
                do {
                    try await read(store, mirror)
                    if !isWanted { break }
                } catch is CancellationError {
                    return
                } catch {
                    logger.warning(
                        "events cannot be followed, trying again", metadata: ["error": "\(error)"])
                }
                // Cancellation ends the wait, and with it the loop.
                try? await Task.sleep(for: Self.retryAfter)
            }
        }
    }

    /// Returns once nobody looks any more, and where it was too slow to hear of everything.
    private func read(_ store: ClusterStore, _ mirror: ClusterMirror) async throws {
        // It listens before it reads, so that nothing happens in between.
        let (known, changes) = mirror.changes()
        let (log, begun) = EventLog.begin(try await store.past())
        // A member of etcd's that lags has not seen what the mirror has seen.
        guard log.revision >= known ?? Revision(0) else { return }
        keep { state in
            state.events = Deque(log.events.suffix(Self.most))
            state.revision = log.revision
        }
        var teller = begun
        for await change in changes {
            if forgetIfIdle() { return }
            guard let change = change.since(log.revision) else { continue }
            let news = teller.observe(change, at: now())
            keep { state in
                state.events.append(contentsOf: news)
                state.events.removeFirst(max(0, state.events.count - Self.most))
                state.revision = max(state.revision ?? change.revision, change.revision)
            }
        }
    }

    private func keep(_ change: (inout State) -> Void) {
        let readers = state.withLock { state in
            change(&state)
            return Array(state.readers.values)
        }
        for reader in readers { reader.yield() }
    }

    private func forgetIfIdle() -> Bool {
        state.withLock { state in
            guard state.readers.isEmpty, state.looked.duration(to: .now) > idle else {
                return false
            }
            state.events = []
            state.revision = nil
            state.isWanted = false
            return true
        }
    }

    /// What is known, as new as a revision; what there is where that does not come soon, and nil where
    /// that is nothing.
    func log(reaching revision: Revision) async -> EventLog? {
        let (news, reader) = AsyncStream.makeStream(
            of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let (number, isFirst) = state.withLock { state in
            state.looked = .now
            state.nextReader += 1
            state.readers[state.nextReader] = reader
            defer { state.isWanted = true }
            return (state.nextReader, !state.isWanted)
        }
        defer { state.withLock { $0.readers[number] = nil } }
        if isFirst { look.yield() }
        let isThere = { @Sendable in
            self.state.withLock { $0.revision.map { $0 >= revision } ?? false }
        }
        if !isThere() {
            let isRead = state.withLock { $0.revision != nil }
            await wait(atMost: isRead ? Self.longestReach : Self.longestReading) {
                for await _ in news where isThere() { return }
            }
        }
        return state.withLock { state in
            state.revision.map { EventLog(events: Array(state.events), revision: $0) }
        }
    }

    /// Whether it follows what happens, or is about to.
    var isWanted: Bool { state.withLock(\.isWanted) }
}

extension ClusterChange {
    fileprivate var revision: Revision {
        switch self {
        case .records(_, let revision): revision
        case .reloaded(let cluster): cluster.revision
        }
    }

    /// What of it is newer than a revision; nil where nothing is.
    fileprivate func since(_ known: Revision) -> ClusterChange? {
        guard revision > known else { return nil }
        switch self {
        case .reloaded: return self
        case .records(let records, let revision):
            return .records(records.filter { $0.revision > known }, revision: revision)
        }
    }
}
