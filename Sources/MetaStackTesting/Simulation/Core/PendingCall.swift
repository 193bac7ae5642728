/// A call that a process waits for. Whoever answers first is heard: the answer, the deadline or the
/// task's cancellation.
///
/// `@unchecked Sendable`: see ``World``.
final class PendingCall<Value: Sendable>: @unchecked Sendable {
    private var continuation: CheckedContinuation<Value, any Error>?
    private(set) var isOver = false

    func finish(_ result: Result<Value, any Error>) {
        guard !isOver else { return }
        isOver = true
        continuation?.resume(with: result)
        continuation = nil
    }

    fileprivate func begin(_ continuation: CheckedContinuation<Value, any Error>) {
        guard !isOver else {
            continuation.resume(throwing: CancellationError())
            return
        }
        self.continuation = continuation
    }
}

extension Process {
    /// Suspends the caller until `body`'s call is answered.
    ///
    /// - Throws: `CancellationError` at once for a process that is dead.
    func call<Value: Sendable>(
        _ body: @escaping @Sendable (PendingCall<Value>) -> Void
    ) async throws -> Value {
        guard isAlive else { throw CancellationError() }
        let pending = PendingCall<Value>()
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                pending.begin(continuation)
                if !pending.isOver { body(pending) }
            }
        } onCancel: {
            pending.finish(.failure(CancellationError()))
        }
    }
}
