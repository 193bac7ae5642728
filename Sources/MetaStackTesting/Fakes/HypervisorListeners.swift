import MetaStackAgent
import Synchronization

/// Who hears of a fake hypervisor's domains. Each begins with "list", as after a connection.
final class HypervisorListeners: Sendable {
    private struct State {
        var next = 0
        var listeners: [Int: AsyncStream<HypervisorEvent>.Continuation] = [:]
    }

    private let state = Mutex(State())

    func events() -> AsyncStream<HypervisorEvent> {
        let (events, listener) = AsyncStream<HypervisorEvent>.makeStream()
        let number = state.withLock { state in
            state.next += 1
            state.listeners[state.next] = listener
            return state.next
        }
        listener.onTermination = { [weak self] _ in
            self?.state.withLock { _ = $0.listeners.removeValue(forKey: number) }
        }
        listener.yield(.listAgain)
        return events
    }

    func tell(_ event: HypervisorEvent) {
        for listener in state.withLock({ Array($0.listeners.values) }) { listener.yield(event) }
    }
}
