import Synchronization

/// Delivers records to a syslog server, and never makes whoever logs wait for it.
///
/// Records go into a bounded queue; a thread of its own takes them out, over sockets that do not
/// block. A server that is away costs a look every `retryInterval`. What the queue cannot hold
/// meanwhile is lost, counted, and told to the server once it is back.
///
/// Over UDP a lost datagram is noticed only where the host is there and its port is closed; over
/// TCP what is in the socket when the server dies is lost unnoticed, for syslog acknowledges
/// nothing.
public final class SyslogSink: Sendable {
    let identity: SyslogIdentity
    let retryInterval: Duration
    let wakeUp: WakeUp?
    private let state: Mutex<State>

    /// What the callers and the thread share.
    private struct State {
        var queue: SyslogQueue
        var destination: SyslogDestination
        var closing: ContinuousClock.Instant?
        var ended = false
        var waitingForEnd: [CheckedContinuation<Void, Never>] = []
    }

    /// What the thread has to do next.
    struct Order {
        let destination: SyslogDestination
        let closing: ContinuousClock.Instant?
        let entry: SyslogEntry?
    }

    /// Starts the thread; it lives until `close`.
    ///
    /// - Parameters:
    ///   - destination: the server; `setDestination` changes it.
    ///   - application: the program's name in each record.
    ///   - capacity: the records that may wait, of at most 8 kB each.
    ///   - retryInterval: how long a server that is away is left alone.
    public init(
        destination: SyslogDestination, application: String, capacity: Int = 2048,
        retryInterval: Duration = .seconds(1)
    ) {
        identity = SyslogIdentity(application: application)
        self.retryInterval = retryInterval
        let wakeUp = WakeUp()
        self.wakeUp = wakeUp
        state = Mutex(State(queue: SyslogQueue(capacity: capacity), destination: destination))
        // Without a thread, for which there is no more memory, nothing is queued either.
        if wakeUp == nil || !startThread(of: self) { state.withLock { $0.ended = true } }
    }

    /// All records that were lost so far.
    public var lostRecords: Int { state.withLock { $0.queue.lost } }

    /// Where records go from now on; those that wait go there, too.
    ///
    /// - Returns: whether that is somewhere else than before.
    @discardableResult
    public func setDestination(_ destination: SyslogDestination) -> Bool {
        let isNew = state.withLock { state in
            defer { state.destination = destination }
            return state.destination != destination
        }
        if isNew { wakeUp?.signal() }
        return isNew
    }

    /// Delivers what waits, for at most this long, and ends the thread.
    ///
    /// Later records are dropped. Does nothing the second time but wait.
    public func close(within patience: Duration = .seconds(1)) async {
        await withCheckedContinuation { continuation in
            let ended = state.withLock { state in
                if state.ended { return true }
                state.closing = state.closing ?? .now + patience
                state.waitingForEnd.append(continuation)
                return false
            }
            if ended { continuation.resume() }
            wakeUp?.signal()
        }
    }

    /// Queues an entry; takes a lock and at most one system call.
    func send(_ entry: SyslogEntry) {
        let queued = state.withLock { state in
            if state.destination == .none || state.closing != nil || state.ended { return false }
            state.queue.append(entry)
            return true
        }
        if queued { wakeUp?.signal() }
    }

    /// For the thread: what to do. An entry is taken out only where there is none in hand.
    func order(holding held: SyslogEntry?) -> Order {
        state.withLock { state in
            if state.destination == .none {
                state.queue = SyslogQueue(emptied: state.queue)
                return Order(destination: .none, closing: state.closing, entry: nil)
            }
            let entry = held ?? state.queue.next()
            return Order(destination: state.destination, closing: state.closing, entry: entry)
        }
    }

    /// For the thread: an entry did not arrive.
    func lose(_ entry: SyslogEntry) { state.withLock { $0.queue.lose(entry) } }

    /// For the thread: it ends now.
    func end() {
        let waiting = state.withLock { state in
            state.ended = true
            defer { state.waitingForEnd = [] }
            return state.waitingForEnd
        }
        for continuation in waiting { continuation.resume() }
    }
}
