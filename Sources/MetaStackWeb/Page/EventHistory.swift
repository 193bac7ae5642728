import DequeModule
import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Synchronization

/// What happened, for the page of events: etcd's past, and each change as it comes.
///
/// The past is read when somebody looks for the first time, and etcd followed from there by a watch of
/// its own: each change has to be told with the record before it, of which the mirror's readers learn
/// nothing. Once nobody has looked for a while it is all forgotten, so that a server whose page of
/// events is closed has neither the watch nor the copy.
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

    /// Follows etcd while somebody looks, until its task is cancelled. What etcd refuses is tried again.
    func follow(_ store: ClusterStore, _ logger: Logger) async {
        for await _ in looks {
            while !Task.isCancelled {
                do {
                    try await read(store)
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

    /// Returns once nobody looks any more.
    private func read(_ store: ClusterStore) async throws {
        let (log, begun) = EventLog.begin(try await store.past())
        keep { state in
            state.events = Deque(log.events.suffix(Self.most))
            state.revision = log.revision
        }
        var teller = begun
        for try await change in store.changes(after: log.revision) {
            if forgetIfIdle() { return }
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

    /// Whether it follows etcd, or is about to.
    var isWanted: Bool { state.withLock(\.isWanted) }
}

extension ClusterChange {
    fileprivate var revision: Revision {
        switch self {
        case .records(_, let revision): revision
        case .reloaded(let cluster): cluster.revision
        }
    }
}
