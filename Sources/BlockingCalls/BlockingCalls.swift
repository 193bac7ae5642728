import Synchronization

import Dispatch

/// Runs blocking C calls on threads of their own, never on Swift's cooperative pool.
///
/// The cooperative pool has one thread a core: a few one-second libvirt calls there would hold up
/// the keepalive of an etcd lease until it dies. So libvirt and Ceph run their calls here, at most
/// `limit` at a time, first come first served. A call that outlives its deadline cannot be
/// stopped, C gives no way; it is *abandoned*: its caller gets an error, its thread stays behind,
/// and when `limit` threads are behind, further calls are refused rather than queued forever.
public final class BlockingCalls: Sendable {
    /// How many calls run at a time, and how many may be behind.
    public let limit: Int
    /// How many calls may wait for a thread before further ones are refused.
    public let waitingLimit: Int
    private let name: String
    private let queue: DispatchQueue
    private let state = Mutex(State())

    private struct State {
        var running = 0
        var abandoned = 0
        var waiting: [@Sendable () -> Void] = []
    }

    /// - Parameters:
    ///   - name: who calls, for error texts and thread names, such as `libvirt`.
    ///   - limit: calls at a time, at least 1.
    ///   - waitingLimit: calls that may wait for a thread.
    public init(name: String, limit: Int = 8, waitingLimit: Int = 4096) {
        precondition(limit > 0, "a limit of no calls would run none")
        self.name = name
        self.limit = limit
        self.waitingLimit = waitingLimit
        self.queue = DispatchQueue(label: "metastack.\(name)", attributes: .concurrent)
    }

    /// Calls that outlived their deadline and have not come back yet.
    public var abandonedCalls: Int { state.withLock { $0.abandoned } }

    /// Runs `body` on a thread of its own and returns what it returns.
    ///
    /// Cancellation does not stop a call that runs. `deadline` counts from the call, so that the
    /// time spent waiting for a thread is part of it.
    ///
    /// - Throws: what `body` throws, or a `BlockingCallError`.
    public func run<Value: Sendable>(
        _ what: String, deadline: Duration, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let call = Call(continuation)
            let work: @Sendable () -> Void = { [self] in
                guard call.begin() else { return finished(abandoned: false) }
                let result = Result { try body() }
                finished(abandoned: !call.end(result))
            }
            if let refusal = admit(work, what: what) {
                _ = call.end(.failure(refusal))
                return
            }
            queue.asyncAfter(deadline: .now() + deadline.dispatchInterval) { [self] in
                let error = BlockingCallError.deadlineExceeded(
                    caller: name, call: what, after: deadline)
                if call.abandon(error) { state.withLock { $0.abandoned += 1 } }
            }
        }
    }

    /// Starts the work, queues it, or says why neither.
    private func admit(
        _ work: @escaping @Sendable () -> Void, what: String
    ) -> BlockingCallError? {
        state.withLock { state -> BlockingCallError? in
            if state.abandoned >= limit {
                return .tooManyAbandoned(caller: name, call: what, count: state.abandoned)
            }
            if state.running < limit + state.abandoned {
                state.running += 1
                queue.async(execute: work)
                return nil
            }
            if state.waiting.count >= waitingLimit {
                return .tooManyWaiting(caller: name, call: what, count: state.waiting.count)
            }
            state.waiting.append(work)
            return nil
        }
    }

    /// A thread is free again: it takes the longest waiting call.
    private func finished(abandoned: Bool) {
        state.withLock { state in
            if abandoned { state.abandoned -= 1 }
            if state.waiting.isEmpty {
                state.running -= 1
            } else {
                queue.async(execute: state.waiting.removeFirst())
            }
        }
    }
}

/// One call's result, handed to its caller exactly once: by the call, or by its deadline.
private final class Call<Value: Sendable>: Sendable {
    private enum Phase {
        case waiting(CheckedContinuation<Value, any Error>)
        case running(CheckedContinuation<Value, any Error>)
        case answered
    }
    private let phase: Mutex<Phase>

    init(_ continuation: CheckedContinuation<Value, any Error>) {
        phase = Mutex(.waiting(continuation))
    }

    /// False where the deadline passed before a thread was free: then there is nothing to run.
    func begin() -> Bool {
        phase.withLock { phase in
            guard case .waiting(let continuation) = phase else { return false }
            phase = .running(continuation)
            return true
        }
    }

    /// Answers with the call's own result; false where the deadline was faster.
    func end(_ result: Result<Value, any Error>) -> Bool {
        guard let continuation = take()?.continuation else { return false }
        continuation.resume(with: result)
        return true
    }

    /// Answers with the deadline's error; true where a running call is left behind.
    func abandon(_ error: BlockingCallError) -> Bool {
        guard let taken = take() else { return false }
        taken.continuation.resume(throwing: error)
        return taken.wasRunning
    }

    private func take() -> (continuation: CheckedContinuation<Value, any Error>, wasRunning: Bool)?
    {
        phase.withLock { phase in
            defer { phase = .answered }
            switch phase {
            case .waiting(let continuation): return (continuation, false)
            case .running(let continuation): return (continuation, true)
            case .answered: return nil
            }
        }
    }
}
