import FoundationEssentials
import Synchronization

/// One transfer as both sides see it: curl's thread fills it, one reader empties it.
///
/// It knows nothing of curl's handles. When it ends on the reader's side (cancellation, or nobody
/// reads it any more), it tells the thread, which then removes and frees the handle.
final class Transfer: Sendable {
    let request: CurlRequest
    /// True where the reader takes the body in pieces, false where it waits for the whole.
    let isStream: Bool
    /// The request's deadline, counted from here.
    let expiry: ContinuousClock.Instant?
    private let thread: CurlThread
    private let state = Mutex(TransferState())

    init(_ request: CurlRequest, isStream: Bool, thread: CurlThread) {
        self.request = request
        self.isStream = isStream
        self.thread = thread
        self.expiry = request.deadline.map { ContinuousClock.now + $0 }
    }

    var isEnded: Bool { state.withLock { $0.ending != nil } }
    var hasHead: Bool { state.withLock { $0.head != nil } }
    var isPaused: Bool { state.withLock { $0.isPaused } }

    // MARK: curl's side

    func receive(_ head: CurlHead) {
        change { $0.receive(head) }
    }

    func receive(_ bytes: UnsafeRawBufferPointer) -> TransferState.Verdict {
        let limit = isStream ? request.bufferLimit : request.bodyLimit
        return change { $0.receive(bytes, limit: limit, pausesAtLimit: isStream) }
    }

    func end(_ ending: TransferState.Ending) {
        change { $0.end(ending) }
    }

    private func change<Value>(_ body: (inout TransferState) -> Value) -> Value {
        let (value, waiter) = state.withLock { state in
            let value = body(&state)
            return (value, state.takeWaiterIfReady())
        }
        waiter?.resume()
        return value
    }

    // MARK: The reader's side

    /// Ends the transfer now; curl's thread frees its handle within moments.
    func cancel() {
        end(.cancelled)
        thread.post(.remove(self))
    }

    /// Waits for the header.
    func head() async throws -> CurlHead {
        try await wait(for: .head)
        return try state.withLock { state in
            if let head = state.head { return head }
            try Self.check(state.ending)
            throw CurlError(.connectionLost, "the answer has no header", url: request.url)
        }
    }

    /// Waits for the next bytes; nil after the last.
    func nextChunk() async throws -> Data? {
        try await wait(for: .chunk)
        let (bytes, mustResume) = state.withLock { $0.takeBody() }
        if mustResume { thread.post(.resume(self)) }
        if !bytes.isEmpty { return bytes }
        try state.withLock { try Self.check($0.ending) }
        return nil
    }

    /// Waits for the end, and returns the whole body.
    func whole() async throws -> CurlResponse {
        try await wait(for: .end)
        return try state.withLock { state in
            try Self.check(state.ending)
            guard let head = state.head else {
                throw CurlError(.connectionLost, "the answer has no header", url: request.url)
            }
            return CurlResponse(head: head, body: state.body)
        }
    }

    private static func check(_ ending: TransferState.Ending?) throws {
        switch ending {
        case .failed(let error): throw error
        case .cancelled: throw CancellationError()
        case .complete, nil: return
        }
    }

    private func wait(for wanted: TransferState.Wanted) async throws {
        if state.withLock({ $0.isReady(for: wanted) }) { return }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    precondition(state.waiter == nil, "a transfer has one reader at a time")
                    if state.isReady(for: wanted) { return true }
                    state.waiter = (wanted, continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        } onCancel: {
            cancel()
        }
    }
}
