import CLibvirt
import FoundationEssentials
import Synchronization

/// Why a connection is over (`virConnectCloseReason`).
public enum CloseReason: Int32, Sendable {
    /// An error on the wire.
    case error
    /// The daemon went away.
    case endOfFile
    /// The daemon did not answer keepalives.
    case keepalive
    /// This side closed it.
    case client
}

/// Who wants to hear a connection's events, and of its end: the context of its C callbacks.
///
/// Callbacks come on the event loop's thread and only put values into bounded streams here; they
/// never wait.
final class Listeners: Sendable {
    private struct State {
        var next = 0
        var events: [Int: AsyncStream<DomainEvent>.Continuation] = [:]
        var ends: [Int: AsyncStream<CloseReason>.Continuation] = [:]
        var closed: CloseReason?
    }
    private let state = Mutex(State())

    /// Why the connection is over, nil while it is not.
    var closeReason: CloseReason? { state.withLock { $0.closed } }

    /// A stream of the events from now on, which ends with the connection.
    ///
    /// When `capacity` events are unread, the oldest are dropped, and `.overflowed` is among those
    /// that remain.
    func events(capacity: Int) -> AsyncStream<DomainEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: DomainEvent.self, bufferingPolicy: .bufferingNewest(max(capacity, 2)))
        let number = state.withLock { state -> Int? in
            guard state.closed == nil else { return nil }
            state.next += 1
            state.events[state.next] = continuation
            return state.next
        }
        guard let number else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.events.removeValue(forKey: number) }
        }
        return stream
    }

    /// Returns when the connection is over; nil where the waiting task was cancelled first.
    func closed() async -> CloseReason? {
        let (stream, continuation) = AsyncStream.makeStream(
            of: CloseReason.self, bufferingPolicy: .bufferingNewest(1))
        let number = state.withLock { state -> Int in
            state.next += 1
            if let reason = state.closed {
                continuation.yield(reason)
            } else {
                state.ends[state.next] = continuation
            }
            return state.next
        }
        defer { _ = state.withLock { $0.ends.removeValue(forKey: number) } }
        var iterator = stream.makeAsyncIterator()
        return await iterator.next()
    }

    /// Hands an event to every stream.
    func send(_ event: DomainEvent) {
        for continuation in state.withLock({ Array($0.events.values) }) {
            if case .dropped = continuation.yield(event) { continuation.yield(.overflowed) }
        }
    }

    /// The connection is over; the first reason counts.
    func close(_ reason: CloseReason) {
        let (events, ends) = state.withLock { state in
            if state.closed == nil { state.closed = reason }
            defer { (state.events, state.ends) = ([:], [:]) }
            return (Array(state.events.values), Array(state.ends.values))
        }
        for continuation in ends { continuation.yield(reason) }
        for continuation in events { continuation.finish() }
    }
}

/// `virFreeCallback` of every registration: gives back the hold on the listeners.
func releaseListeners(_ context: UnsafeMutableRawPointer?) {
    guard let context else { return }
    Unmanaged<Listeners>.fromOpaque(context).release()
}

/// `virConnectCloseFunc`.
func connectionClosed(_: OpaquePointer?, reason: Int32, _ context: UnsafeMutableRawPointer?) {
    listeners(context)?.close(CloseReason(rawValue: reason) ?? .error)
}

/// The listeners that a registration was made with.
func listeners(_ context: UnsafeMutableRawPointer?) -> Listeners? {
    context.map { Unmanaged<Listeners>.fromOpaque($0).takeUnretainedValue() }
}
