import BlockingCalls
import CLibvirt

/// A connection to a libvirt daemon, or to a driver within this process (`test:///default`).
///
/// Every call runs on a thread of its own and ends at the connection's deadline at the latest; a
/// call that hangs is abandoned, and when eight hang further ones are refused at once. A broken
/// connection stays broken: `closed()` returns, event streams end, calls throw an error whose
/// `isConnectionLost` is true; its owner opens another one. Domains hold their connection, and its
/// socket is closed when the last of them has gone.
public final class LibvirtConnection: Sendable {
    /// What was opened, such as `qemu:///system`.
    public let uri: String
    /// How long each call may take.
    public let deadline: Duration
    let handle: ConnectionHandle
    private let calls: BlockingCalls
    private let listeners: Listeners

    /// All openings share their threads, so that a daemon that hangs costs only so many.
    private static let openings = BlockingCalls(name: "libvirt.open", limit: 4)

    private init(
        uri: String, deadline: Duration, handle: ConnectionHandle, listeners: Listeners
    ) {
        self.uri = uri
        self.deadline = deadline
        self.handle = handle
        self.listeners = listeners
        self.calls = BlockingCalls(name: "libvirt", limit: 8)
    }

    deinit { listeners.close(.client) }

    /// Opens a connection (`virConnectOpen`), asks for keepalives (every 5 s, dead after 3 without
    /// an answer) and subscribes to events.
    ///
    /// - Parameters:
    ///   - uri: such as `qemu:///system` or `qemu+unix:///system?socket=/path`.
    ///   - deadline: how long the opening, and later each call, may take.
    /// - Throws: `LibvirtError`.
    public static func open(
        uri: String, deadline: Duration = .seconds(30)
    ) async throws -> LibvirtConnection {
        let attempt = Attempt("open connection", uri)
        do {
            return try await openings.run(attempt.action, deadline: deadline) {
                let handle = try opened(attempt)
                let listeners = Listeners()
                try handle.register(listeners, attempt)
                return LibvirtConnection(
                    uri: uri, deadline: deadline, handle: handle, listeners: listeners)
            }
        } catch {
            throw LibvirtError.wrapping(error, attempt)
        }
    }

    private static func opened(_ attempt: Attempt) throws -> ConnectionHandle {
        try EventLoop.shared.retain()
        guard let pointer = virConnectOpen(attempt.subject) else {
            let error = LibvirtError.last(attempt)
            EventLoop.shared.release()
            throw error
        }
        // Drivers within this process have no wire to keep alive.
        let hasWire = virConnectSetKeepAlive(pointer, 5, 3) >= 0
        let error = hasWire ? nil : LibvirtError.last(attempt)
        let handle = ConnectionHandle(pointer, hasWire: hasWire)
        if let error, error.code != .notSupported { throw error }
        return handle
    }

    /// Whether the connection can be used, as far as this side knows (`virConnectIsAlive`).
    public var isAlive: Bool {
        get async {
            guard listeners.closeReason == nil else { return false }
            let answer = try? await call(Attempt("check", uri)) { virConnectIsAlive($0) }
            return answer == 1  // a check that fails is a no as well
        }
    }

    /// Ends the connection: its event streams end, and further calls throw `.closed`.
    ///
    /// Calls that run go on. The socket is closed when they and all domains have gone
    /// (`virConnectClose`).
    public func close() async {
        listeners.close(.client)
        _ = try? await calls.run("close", deadline: deadline) { [handle] in
            handle.unregister()
        }  // nothing is left to do about a close that fails: the handle tries once more
    }

    /// Returns when the connection broke or was closed (`virConnectRegisterCloseCallback`).
    ///
    /// - Returns: why; nil where the waiting task was cancelled first.
    @discardableResult
    public func closed() async -> CloseReason? { await listeners.closed() }

    /// The events of all domains from this call on; the stream ends with the connection.
    ///
    /// Each call gives a stream of its own.
    ///
    /// - Parameter capacity: how many events may be unread; beyond it the oldest are dropped and
    ///   `.overflowed` tells the reader to list the domains again.
    public func events(capacity: Int = 1024) -> AsyncStream<DomainEvent> {
        listeners.events(capacity: capacity)
    }

    /// Runs `body` on a thread that may block, with this connection's pointer.
    ///
    /// - Parameter limit: the call's deadline where it is not the connection's.
    /// - Throws: `LibvirtError`, also for deadlines and limits.
    func call<Value: Sendable>(
        _ attempt: Attempt, deadline limit: Duration? = nil,
        _ body: @escaping @Sendable (OpaquePointer) throws -> Value
    ) async throws -> Value {
        try await use(attempt, limit) { try body($0.pointer) }
    }

    /// The same for what takes long, over a connection to the daemon that no other call uses.
    ///
    /// One thread speaks for all that use a connection. Before libvirt 10.4 it may overlook that another one
    /// has a request to be sent, and sends it when something else arrives (`virNetClientIOEventLoop`;
    /// Fedora's libvirt 9.7.0-4 calls it "I/O stall when multiple threads issue RPC calls"): short calls would
    /// wait for the end of a long one now and then.
    ///
    /// - Parameter body: gets the connection, which is closed when nobody holds it any more.
    func callAlone<Value: Sendable>(
        _ attempt: Attempt, deadline limit: Duration? = nil,
        _ body: @escaping @Sendable (ConnectionHandle) throws -> Value
    ) async throws -> Value {
        // A driver within this process has no wire, and may have another state for each connection.
        guard handle.hasWire else { return try await use(attempt, limit, body) }
        return try await use(attempt, limit) { _ in
            try body(Self.opened(Attempt("open connection", self.uri)))
        }
    }

    private func use<Value: Sendable>(
        _ attempt: Attempt, _ limit: Duration?,
        _ body: @escaping @Sendable (ConnectionHandle) throws -> Value
    ) async throws -> Value {
        guard listeners.closeReason != .client else {
            throw LibvirtError(
                code: .closed, message: "the connection to \(uri) was closed", attempt: attempt)
        }
        do {
            return try await calls.run(attempt.action, deadline: limit ?? deadline) { [handle] in
                try body(handle)
            }
        } catch {
            throw LibvirtError.wrapping(error, attempt)
        }
    }
}

/// The result of a C function that gives a negative number where it failed.
@discardableResult
func checked(_ result: Int32, _ attempt: Attempt) throws -> Int32 {
    guard result >= 0 else { throw LibvirtError.last(attempt) }
    return result
}
