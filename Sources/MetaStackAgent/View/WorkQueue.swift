import MetaStackModel
import Synchronization

/// Names that wait to be looked at: each at most once in the queue, and by one worker at a time.
///
/// A name that is marked while it is worked on is worked on once more afterwards, so no change is
/// missed and none is handled twice at once.
final class WorkQueue<Name: Hashable & Sendable>: Sendable {
    private struct State {
        /// Queued or being worked on.
        var busy: Set<Name> = []
        /// Marked while busy.
        var again: Set<Name> = []
    }

    private enum Order: Sendable {
        case now(Name)
        case later(Name, ContinuousClock.Instant)
    }

    private let state = Mutex(State())
    private let orders: AsyncStream<Order>
    private let orderer: AsyncStream<Order>.Continuation
    private let clock: any NodeClock

    init(clock: any NodeClock) {
        self.clock = clock
        (orders, orderer) = AsyncStream.makeStream()
    }

    func mark(_ name: Name) {
        let isNew = state.withLock { state in
            let isNew = state.busy.insert(name).inserted
            if !isNew { state.again.insert(name) }
            return isNew
        }
        if isNew { orderer.yield(.now(name)) }
    }

    func mark(_ names: some Sequence<Name>) {
        for name in names { mark(name) }
    }

    func mark(_ name: Name, after delay: Duration) {
        orderer.yield(.later(name, clock.now + delay))
    }

    /// Works on names until its task is cancelled; then waits for the work that runs.
    func run(_ work: @escaping @Sendable (Name) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for await order in orders {
                switch order {
                case .now(let name):
                    group.addTask { [self] in
                        await work(name)
                        finished(name)
                    }
                case .later(let name, let instant):
                    group.addTask { [self] in
                        // Cancelled: nobody will look at anything any more.
                        guard (try? await clock.sleep(until: instant)) != nil else { return }
                        mark(name)
                    }
                }
            }
        }
    }

    private func finished(_ name: Name) {
        let isWanted = state.withLock { state in
            if state.again.remove(name) != nil { return true }
            state.busy.remove(name)
            return false
        }
        if isWanted { orderer.yield(.now(name)) }
    }
}
