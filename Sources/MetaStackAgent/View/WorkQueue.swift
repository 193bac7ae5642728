import MetaStackModel
import Synchronization

/// Names that wait to be looked at: each at most once in the queue, and by one worker at a time.
///
/// A name that is marked while it is worked on is worked on once more afterwards, so no change is
/// missed and none is handled twice at once. One that shall be looked at later has one time for
/// that, the earliest that was asked for: whoever looks then asks again where that is still due.
final class WorkQueue<Name: Hashable & Sendable>: Sendable {
    private struct State {
        /// Queued or being worked on.
        var busy: Set<Name> = []
        /// Marked while busy.
        var again: Set<Name> = []
        var later: [Name: ContinuousClock.Instant] = [:]
        /// The earliest of those, as the alarm has it.
        var alarm: ContinuousClock.Instant?
    }

    private let state = Mutex(State())
    private let orders: AsyncStream<Name>
    private let orderer: AsyncStream<Name>.Continuation
    /// Rings when something is due earlier than the alarm.
    private let bell = Bell()
    private let clock: any NodeClock

    init(clock: any NodeClock) {
        self.clock = clock
        (orders, orderer) = AsyncStream.makeStream()
    }

    /// Whether it is queued or being looked at.
    func isBusy(_ name: Name) -> Bool { state.withLock { $0.busy.contains(name) } }

    func mark(_ name: Name) {
        let isNew = state.withLock { state in
            let isNew = state.busy.insert(name).inserted
            if !isNew { state.again.insert(name) }
            return isNew
        }
        if isNew { orderer.yield(name) }
    }

    func mark(_ names: some Sequence<Name>) {
        for name in names { mark(name) }
    }

    func mark(_ name: Name, after delay: Duration) {
        let due = clock.now + delay
        let isEarlier = state.withLock { state in
            state.later[name] = min(due, state.later[name] ?? due)
            return state.alarm.map { due < $0 } ?? true
        }
        if isEarlier { bell.ring() }
    }

    /// Works on names until its task is cancelled; then waits for the work that runs.
    func run(_ work: @escaping @Sendable (Name) async -> Void) async {
        await withDiscardingTaskGroup { group in
            group.addTask { [self] in await markWhatIsDue() }
            for await name in orders {
                group.addTask { [self] in
                    await work(name)
                    finished(name)
                }
            }
        }
    }

    private func markWhatIsDue() async {
        while !Task.isCancelled {
            let rings = bell.rings
            let now = clock.now
            let (due, next) = state.withLock { state in
                let due = state.later.filter { $0.value <= now }.sorted { $0.value < $1.value }
                for (name, _) in due { state.later[name] = nil }
                state.alarm = state.later.values.min()
                return (due.map(\.key), state.alarm)
            }
            mark(due)
            // Cancelled: nobody will look at anything any more.
            if let next {
                try? await bell.sleep(until: next, since: rings, clock: clock)
            } else {
                try? await bell.heard(since: rings)
            }
        }
    }

    private func finished(_ name: Name) {
        let isWanted = state.withLock { state in
            if state.again.remove(name) != nil { return true }
            state.busy.remove(name)
            return false
        }
        if isWanted { orderer.yield(name) }
    }
}
