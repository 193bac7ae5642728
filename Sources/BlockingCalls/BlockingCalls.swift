import Synchronization

import Dispatch

/// Runs blocking C calls on threads of their own, never on Swift's cooperative pool.
///
/// The cooperative pool has one thread a core: a few one-second libvirt calls there would hold up
/// the keepalive of an etcd lease until it dies. So libvirt and Ceph run their calls here, at most
/// `limit` at a time, first come first served. A call that outlives its deadline cannot be
/// stopped, C gives no way; it is *abandoned*: its caller gets an error, its thread stays behind,
/// and another thread takes the next call. When `limit` threads are behind, further calls are
/// refused rather than queued forever; so there are never more than twice `limit` threads.
///
/// Each call has a serial Dispatch queue of its own. A concurrent queue would not do: on Linux it
/// shares its threads, one a core, with the cooperative pool, and eight sleeping calls then hold
/// up every task of the process for seconds.
public final class BlockingCalls: Sendable {
    /// How many calls run at a time, and how many may be behind.
    public let limit: Int
    /// How many calls may wait for a thread before further ones are refused.
    public let waitingLimit: Int
    private let name: String
    private let deadlines: DispatchQueue
    private let state = Mutex(State())

    private struct State {
        /// Threads in use, the abandoned ones included.
        var running = 0
        var abandoned = 0
        var waiting: [Work] = []
    }

    /// A call on its way to a thread; the identity is its `Call`'s.
    private struct Work: Sendable {
        let identity: ObjectIdentifier
        let run: @Sendable () -> Void
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
        self.deadlines = DispatchQueue(label: "metastack.\(name).deadlines")
    }

    /// Calls that outlived their deadline and have not come back yet.
    public var abandonedCalls: Int { state.withLock { $0.abandoned } }

    /// Calls that wait for a thread.
    public var waitingCalls: Int { state.withLock { $0.waiting.count } }

    /// Runs `body` on a thread of its own and returns what it returns.
    ///
    /// Cancellation does not stop a call that runs. `deadline` counts from the call, so that the
    /// time spent waiting for a thread is part of it.
    ///
    /// - Throws: what `body` throws, or a `BlockingCallError`.
    public func run<Value: Sendable>(
        _ what: String, deadline: Duration, _ body: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await run(what, body) { [self] call in
            deadlines.asyncAfter(deadline: .now() + deadline.dispatchInterval) { [self] in
                let error = BlockingCallError.deadlineExceeded(
                    caller: name, call: what, after: deadline)
                expire(call, with: error)
            }
        }
    }

    /// Runs a `body` that may take for ever as long as it gets on, and tells so by its steps.
    ///
    /// - Parameter patience: how long it may go without a step; it is looked at as often as that, so
    ///   twice as long may pass. The time spent waiting for a thread does not count.
    /// - Throws: what `body` throws, or a `BlockingCallError`.
    public func run<Value: Sendable>(
        _ what: String, patience: Duration,
        _ body: @escaping @Sendable (CallProgress) throws -> Value
    ) async throws -> Value {
        let progress = CallProgress()
        return try await run(what) {
            progress.step()
            return try body(progress)
        } limit: { [self] call in
            watch(call, what, progress, patience: patience)
        }
    }

    /// - Parameter limit: what may end the call before `body` does; called once it has been admitted.
    private func run<Value: Sendable>(
        _ what: String, _ body: @escaping @Sendable () throws -> Value,
        limit: (Call<Value>) -> Void
    ) async throws -> Value {
        try await withCheckedThrowingContinuation { continuation in
            let call = Call(continuation)
            let work = Work(identity: ObjectIdentifier(call)) { [self] in
                guard call.begin() else { return finished(abandoned: false) }
                let result = Result { try body() }
                finished(abandoned: !call.end(result))
            }
            if let refusal = admit(work, what: what) {
                _ = call.end(.failure(refusal))
            } else {
                limit(call)
            }
        }
    }

    /// Looks once in `patience` whether the call has got on, until it has not.
    private func watch<Value>(
        _ call: Call<Value>, _ what: String, _ progress: CallProgress, since seen: Int = 0,
        patience: Duration
    ) {
        deadlines.asyncAfter(deadline: .now() + patience.dispatchInterval) { [self] in
            let steps = progress.steps
            let behind = abandonedCalls
            if steps != 0, steps == seen {
                expire(call, with: .noProgress(caller: name, call: what, within: patience))
            } else if steps == 0, behind >= limit {
                // It waits for a thread, and none will come.
                let error = BlockingCallError.tooManyAbandoned(
                    caller: name, call: what, count: behind)
                expire(call, with: error)
            } else {
                watch(call, what, progress, since: steps, patience: patience)
            }
        }
    }

    /// Starts the work, queues it, or says why neither.
    private func admit(_ work: Work, what: String) -> BlockingCallError? {
        state.withLock { state -> BlockingCallError? in
            if state.abandoned >= limit {
                return .tooManyAbandoned(caller: name, call: what, count: state.abandoned)
            }
            if state.running - state.abandoned >= limit, state.waiting.count >= waitingLimit {
                return .tooManyWaiting(caller: name, call: what, count: state.waiting.count)
            }
            state.waiting.append(work)
            startWaiting(&state)
            return nil
        }
    }

    /// The deadline of `call` has passed: its caller gets the error, and its place in the queue or
    /// among the running goes to the next.
    private func expire<Value>(_ call: Call<Value>, with error: BlockingCallError) {
        state.withLock { state in
            switch call.abandon(error) {
            case .answered: return
            case .waiting: state.waiting.removeAll { $0.identity == ObjectIdentifier(call) }
            case .running: state.abandoned += 1
            }
            startWaiting(&state)
        }
    }

    /// A thread is free again.
    private func finished(abandoned: Bool) {
        state.withLock { state in
            state.running -= 1
            if abandoned { state.abandoned -= 1 }
            startWaiting(&state)
        }
    }

    /// Gives threads to the longest waiting calls, as far as the limit goes.
    private func startWaiting(_ state: inout State) {
        while !state.waiting.isEmpty, state.abandoned < limit,
            state.running - state.abandoned < limit
        {
            state.running += 1
            DispatchQueue(label: "metastack.\(name)").async(
                execute: state.waiting.removeFirst().run)
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
        guard let continuation = take().continuation else { return false }
        continuation.resume(with: result)
        return true
    }

    /// How far a call was when its deadline passed.
    enum Progress { case waiting, running, answered }

    /// Answers with the deadline's error, unless the call was faster.
    func abandon(_ error: BlockingCallError) -> Progress {
        let taken = take()
        taken.continuation?.resume(throwing: error)
        return taken.progress
    }

    private func take() -> (
        continuation: CheckedContinuation<Value, any Error>?, progress: Progress
    ) {
        phase.withLock { phase in
            defer { phase = .answered }
            switch phase {
            case .waiting(let continuation): return (continuation, .waiting)
            case .running(let continuation): return (continuation, .running)
            case .answered: return (nil, .answered)
            }
        }
    }
}
