import Synchronization

/// Lets so many guests be created at a time and no more, those of higher priority first: a herd of
/// starts must not starve the guests that run.
final class StartSlots: Sendable {
    private struct Waiting {
        var number: Int
        var priority: Int
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var free: Int
        var arrivals = 0
        var waiting: [Waiting] = []
        /// Cancelled before they began to wait.
        var cancelled: Set<Int> = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(free: max(1, count))) }

    /// How many could begin at once.
    var free: Int { state.withLock(\.free) }

    /// How many wait for their turn.
    var waiting: Int { state.withLock(\.waiting.count) }

    /// Runs `body` when a slot is free.
    ///
    /// - Throws: `CancellationError` where its task is cancelled before; what `body` throws.
    func run<Value>(priority: Int, _ body: () async throws -> Value) async throws -> Value {
        try await take(priority)
        defer { giveBack() }
        return try await body()
    }

    private func take(_ priority: Int) async throws {
        let number = state.withLock { state in
            state.arrivals += 1
            return state.arrivals
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let result = state.withLock { state -> Result<Void, any Error>? in
                    if state.cancelled.remove(number) != nil {
                        return .failure(CancellationError())
                    }
                    guard state.free == 0 else {
                        state.free -= 1
                        return .success(())
                    }
                    state.waiting.append(
                        Waiting(number: number, priority: priority, continuation: continuation))
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            cancel(number)
        }
        state.withLock { _ = $0.cancelled.remove(number) }
    }

    private func cancel(_ number: Int) {
        let waiting = state.withLock { state -> Waiting? in
            guard let place = state.waiting.firstIndex(where: { $0.number == number }) else {
                state.cancelled.insert(number)
                return nil
            }
            return state.waiting.remove(at: place)
        }
        waiting?.continuation.resume(throwing: CancellationError())
    }

    private func giveBack() {
        let next = state.withLock { state -> Waiting? in
            // The longest wait counts among equals.
            guard
                let next = state.waiting.max(by: {
                    ($0.priority, -$0.number) < ($1.priority, -$1.number)
                })
            else {
                state.free += 1
                return nil
            }
            state.waiting.removeAll { $0.number == next.number }
            return next
        }
        next?.continuation.resume()
    }
}
