import BlockingCalls
internal import CCeph
import Dispatch
import Synchronization

/// librados's cluster handle. Any thread may use it: librados locks inside.
struct RadosHandle: @unchecked Sendable { let pointer: rados_t }
/// librados's pool handle. Any thread may use it as long as nobody sets its snapshot or locator.
struct PoolHandle: @unchecked Sendable { let pointer: rados_ioctx_t }

/// Owns the handles of one connection, and ends them only when no call uses them any more.
///
/// Every call enters `users` while it runs, so `close` can wait for the last one: a handle freed
/// under a running call would crash the process. Pool handles stay open, for making one costs a
/// round of locks and finding the pool costs a look at the map.
final class Connection: Sendable {
    let configuration: CephConfiguration
    private let calls = BlockingCalls(name: "ceph", limit: 16)
    private let longCalls = BlockingCalls(name: "ceph (long)", limit: 8)
    private let cluster: RadosHandle
    private let users = DispatchGroup()
    private let state = Mutex(State())

    private struct State {
        var closed = false
        var pools: [String: PoolHandle] = [:]
        var images: [ObjectIdentifier: OpenImage] = [:]

        /// What is open, once: who gets it ends it.
        mutating func takeHandles() -> Handles? {
            if closed { return nil }
            closed = true
            defer {
                pools = [:]
                images = [:]
            }
            return Handles(pools: Array(pools.values), images: Array(images.values))
        }
    }

    /// Takes over the handle.
    init(_ cluster: RadosHandle, configuration: CephConfiguration) {
        self.cluster = cluster
        self.configuration = configuration
    }

    deinit {
        guard let handles = state.withLock({ $0.takeHandles() }) else { return }
        // Shutting down may block, and nobody knows whose thread this is. A serial queue has a thread of
        // its own; the global ones share theirs with Swift's tasks, as `BlockingCalls` says.
        DispatchQueue(label: "metastack.ceph.end").async { [cluster] in end(cluster, handles) }
    }

    /// Runs `body` on a thread that may block.
    func run<Value: Sendable>(
        _ attempt: String, _ subject: String,
        _ body: @escaping @Sendable (RadosHandle) throws -> Value
    ) async throws -> Value {
        try await explaining(attempt, subject) {
            try await calls.run("\(attempt) \(subject)", deadline: configuration.deadline) {
                try self.entered(attempt, subject, body)
            }
        }
    }

    /// Runs a `body` that moves a whole disk's bytes: it may take as long as it likes while it gets on.
    func runLong<Value: Sendable>(
        _ attempt: String, _ subject: String,
        _ body: @escaping @Sendable (RadosHandle, CallProgress) throws -> Value
    ) async throws -> Value {
        try await explaining(attempt, subject) {
            try await longCalls.run("\(attempt) \(subject)", patience: configuration.patience) {
                progress in
                try self.entered(attempt, subject) { try body($0, progress) }
            }
        }
    }

    private func entered<Value>(
        _ attempt: String, _ subject: String, _ body: (RadosHandle) throws -> Value
    ) throws -> Value {
        try enter(attempt, subject)
        defer { users.leave() }
        return try body(cluster)
    }

    private func explaining<Value: Sendable>(
        _ attempt: String, _ subject: String, _ call: () async throws -> Value
    ) async throws -> Value {
        do {
            return try await call()
        } catch let error as BlockingCallError {
            switch error {
            case .deadlineExceeded: throw CephError(.timedOut, attempt, subject)
            case .noProgress:
                throw CephError(.timedOut, attempt, subject, error.description)
            case .tooManyAbandoned, .tooManyWaiting:
                throw CephError(.tryAgain, attempt, subject, error.description)
            }
        }
    }

    /// The pool's handle, made at first use. Called inside `run` only.
    func poolHandle(_ name: String) throws -> PoolHandle {
        if let known = state.withLock({ $0.pools[name] }) { return known }
        var context: rados_ioctx_t?
        try checked(
            rados_ioctx_create(cluster.pointer, name, &context), "open pool", name)
        guard let context else { throw CephError(.notFound, "open pool", name) }
        let made = PoolHandle(pointer: context)
        return state.withLock { state in
            if let other = state.pools[name] {
                rados_ioctx_destroy(made.pointer)
                return other
            }
            state.pools[name] = made
            return made
        }
    }

    /// Keeps an image that stays open, so that `close` can close it first.
    func keep(_ image: OpenImage) {
        state.withLock { $0.images[ObjectIdentifier(image)] = image }
    }

    func forget(_ image: OpenImage) {
        state.withLock { $0.images[ObjectIdentifier(image)] = nil }
    }

    /// Refuses new calls, waits for those that run, and shuts the connection down.
    func close() async {
        guard let handles = state.withLock({ $0.takeHandles() }) else { return }
        // The handles are lost with a cluster that hangs: freeing them under a call would crash.
        try? await calls.run("close", deadline: configuration.deadline) { [users, cluster] in
            users.wait()
            end(cluster, handles)
        }
    }

    private func enter(_ attempt: String, _ subject: String) throws(CephError) {
        let entered = state.withLock { state in
            if !state.closed { users.enter() }
            return !state.closed
        }
        guard entered else { throw CephError(.notConnected, attempt, subject) }
    }
}

private struct Handles: Sendable {
    let pools: [PoolHandle]
    let images: [OpenImage]
}

private func end(_ cluster: RadosHandle, _ handles: Handles) {
    for image in handles.images { image.close() }
    for pool in handles.pools { rados_ioctx_destroy(pool.pointer) }
    rados_shutdown(cluster.pointer)
}
