import Synchronization

/// Wakes whoever sleeps until an instant, where something happens earlier.
final class Bell: Sendable {
    private struct State {
        var rings = 0
        var sleepers: [Int: CheckedContinuation<Void, Never>] = [:]
        var nextSleeper = 0
    }

    private let state = Mutex(State())

    /// How often it has rung: read it before looking at what the bell is about.
    var rings: Int { state.withLock { $0.rings } }

    func ring() {
        let sleepers = state.withLock { state in
            state.rings += 1
            defer { state.sleepers = [:] }
            return state.sleepers.values
        }
        for sleeper in sleepers { sleeper.resume() }
    }

    /// Returns at the instant, or at the first ring after `rings` was read.
    ///
    /// - Throws: `CancellationError`.
    func sleep(
        until instant: ContinuousClock.Instant, since rings: Int, clock: any NodeClock
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await clock.sleep(until: instant) }
            group.addTask { [self] in await waitForRing(since: rings) }
            defer { group.cancelAll() }
            try await group.next()
        }
        try Task.checkCancellation()
    }

    /// Returns at the first ring after `rings` was read.
    ///
    /// - Throws: `CancellationError`.
    func heard(since rings: Int) async throws {
        await waitForRing(since: rings)
        try Task.checkCancellation()
    }

    /// Returns when the bell rings or the task is cancelled.
    private func waitForRing(since rings: Int) async {
        let sleeper = state.withLock { state in
            state.nextSleeper += 1
            return state.nextSleeper
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // A handler that ran already found nobody to wake.
                    if state.rings != rings || Task.isCancelled { return true }
                    state.sleepers[sleeper] = continuation
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: sleeper) }?.resume()
        }
    }
}
