import Synchronization

/// Where tests step into a fake's calls: to make one fail, to hold one back, or to do something
/// right before it.
public final class CallPoints<Call: Hashable & Sendable>: Sendable {
    /// Runs before the call; what it throws is what the call throws, and the call does nothing.
    public typealias Action = @Sendable () async throws -> Void

    private struct State {
        var actions: [Call: [(times: Int, action: Action)]] = [:]
        var counts: [Call: Int] = [:]
    }

    private let state = Mutex(State())

    init() {}

    /// Runs `action` before the next `times` calls.
    public func before(_ call: Call, times: Int = .max, _ action: @escaping Action) {
        state.withLock { $0.actions[call, default: []].append((times, action)) }
    }

    /// Makes the next `times` calls fail.
    public func fail(_ call: Call, times: Int = .max, with error: any Error) {
        before(call, times: times) { throw error }
    }

    /// Takes back what was set for a call.
    public func clear(_ call: Call) {
        state.withLock { $0.actions[call] = nil }
    }

    /// How often it was called, failed calls counted.
    public func count(of call: Call) -> Int { state.withLock { $0.counts[call, default: 0] } }

    /// The fake says that a call begins.
    func reached(_ call: Call) async throws {
        let actions = state.withLock { state in
            state.counts[call, default: 0] += 1
            let due = state.actions[call] ?? []
            state.actions[call] = due.map { ($0.times == .max ? .max : $0.times - 1, $0.action) }
                .filter { $0.0 > 0 }
            return due.map(\.action)
        }
        for action in actions { try await action() }
    }
}
