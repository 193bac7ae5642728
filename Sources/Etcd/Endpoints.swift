import Synchronization

/// Which endpoint is asked first, and who wants to know when one fails.
///
/// The client sticks with an endpoint until it fails, so that connections are reused. A watch
/// hears of failures that other calls met: a member that hangs keeps the watch's connection open,
/// and only a call that needs an answer shows it.
final class Endpoints: Sendable {
    private struct State {
        var current = 0
        var nextRegistration: UInt64 = 0
        var listeners: [UInt64: (endpoint: Endpoint, notify: @Sendable () -> Void)] = [:]
    }

    let all: [Endpoint]
    private let state = Mutex(State())

    init(_ all: [Endpoint]) {
        self.all = all
    }

    /// All endpoints, the present favourite first.
    var inOrder: [Endpoint] {
        let current = state.withLock { $0.current }
        return Array(all[current...] + all[..<current])
    }

    /// A call to this endpoint brought no answer: the next one becomes the favourite.
    func failed(_ endpoint: Endpoint) {
        let notify = state.withLock { state in
            if all[state.current] == endpoint { state.current = (state.current + 1) % all.count }
            return state.listeners.values.filter { $0.endpoint == endpoint }.map(\.notify)
        }
        for notify in notify { notify() }
    }

    /// Calls `notify`, from any thread, whenever the endpoint fails; until `unregister`.
    func register(_ endpoint: Endpoint, notify: @escaping @Sendable () -> Void) -> UInt64 {
        state.withLock { state in
            state.nextRegistration += 1
            state.listeners[state.nextRegistration] = (endpoint, notify)
            return state.nextRegistration
        }
    }

    func unregister(_ registration: UInt64) {
        state.withLock { $0.listeners[registration] = nil }
    }
}
