import FoundationEssentials

/// What has arrived of one transfer, and who waits for more: plain values, no locks, no curl.
struct TransferState {
    /// What a reader needs before it can go on.
    enum Wanted {
        case head
        case chunk
        case end
    }

    /// How a transfer ended.
    enum Ending {
        case complete
        case failed(CurlError)
        case cancelled
    }

    /// What becomes of bytes that curl hands over.
    enum Verdict {
        case taken
        /// Not taken: curl keeps them until the reader has caught up.
        case paused
        /// Not taken: the transfer must end.
        case refused
    }

    private(set) var head: CurlHead?
    private(set) var body = Data()
    private(set) var ending: Ending?
    private(set) var isPaused = false
    /// The one reader that waits, and what for.
    var waiter: (wanted: Wanted, continuation: CheckedContinuation<Void, Never>)?

    func isReady(for wanted: Wanted) -> Bool {
        if ending != nil { return true }
        switch wanted {
        case .head: return head != nil
        case .chunk: return !body.isEmpty
        case .end: return false
        }
    }

    mutating func receive(_ head: CurlHead) {
        guard self.head == nil else { return }
        self.head = head
    }

    /// Takes bytes up to `limit`; beyond it a stream pauses and a collected body is refused.
    mutating func receive(
        _ bytes: UnsafeRawBufferPointer, limit: Int, pausesAtLimit: Bool
    ) -> Verdict {
        if ending != nil { return .refused }
        // One piece always fits into an empty buffer, or a tiny limit would pause for ever.
        if body.count + bytes.count > limit, !(pausesAtLimit && body.isEmpty) {
            isPaused = pausesAtLimit
            return pausesAtLimit ? .paused : .refused
        }
        body.append(contentsOf: bytes)
        return .taken
    }

    /// The first ending counts. A cancelled reader wants no more bytes.
    mutating func end(_ ending: Ending) {
        guard self.ending == nil else { return }
        self.ending = ending
        if case .cancelled = ending { body = Data() }
    }

    /// All bytes so far; `mustResume` where curl holds more back.
    mutating func takeBody() -> (bytes: Data, mustResume: Bool) {
        let bytes = body
        let mustResume = isPaused
        body = Data()
        isPaused = false
        return (bytes, mustResume)
    }

    /// The waiting reader, where what it waits for is here now.
    mutating func takeWaiterIfReady() -> CheckedContinuation<Void, Never>? {
        guard let waiter, isReady(for: waiter.wanted) else { return nil }
        self.waiter = nil
        return waiter.continuation
    }
}
