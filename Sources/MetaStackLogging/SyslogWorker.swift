import Glibc

/// How long a TCP connection may take to stand.
private let connectTimeout = Duration.seconds(5)

/// The sink's thread: takes entries out of the queue and sends them, polling in between.
///
/// One entry is in hand at a time. It stays there while the server is away, and is sent whole
/// again over the next connection.
final class SyslogWorker {
    private let sink: SyslogSink
    private let wakeUp: WakeUp
    private var channel = SyslogChannel(.none)
    private var inHand: SyslogEntry?
    private var lastSent: SyslogEntry?
    /// Before this the server is left alone, or, while connecting, waited for.
    private var notBefore = ContinuousClock.Instant.now

    init(_ sink: SyslogSink, _ wakeUp: WakeUp) {
        self.sink = sink
        self.wakeUp = wakeUp
    }

    /// Runs until the sink is closed and either nothing waits or its patience is over.
    func run() {
        while true {
            let order = sink.order(holding: inHand)
            inHand = order.entry
            if order.destination != channel.destination {
                channel = SyslogChannel(order.destination)
                (notBefore, lastSent) = (.now, nil)
            }
            if let closing = order.closing, inHand == nil || isLeftAlone || .now >= closing {
                break
            }
            if !step() { pause(until: order.closing) }
        }
        channel.close()
        sink.end()
    }

    /// Whether the server was just found to be away: a program that ends does not wait for it.
    private var isLeftAlone: Bool { channel.descriptor < 0 && .now < notBefore }

    /// One step towards sending; false where there is nothing to do but wait.
    private func step() -> Bool {
        guard let entry = inHand else { return false }
        if channel.descriptor < 0 {
            guard .now >= notBefore else { return false }
            switch channel.open() {
            case .done: return true
            case .wait: notBefore = .now + connectTimeout
            case .failed, .tooLong: leaveAlone()
            }
            return false
        }
        if channel.isConnecting {
            if .now >= notBefore { leaveAlone() }
            return false
        }
        switch channel.send({ rendered(entry) }) {
        case .done: (lastSent, inHand) = (entry, nil)
        case .wait: return false
        case .tooLong:
            sink.lose(entry)
            inHand = nil
        case .failed: noticeLoss()
        }
        return true
    }

    private func rendered(_ entry: SyslogEntry) -> String {
        switch channel.destination {
        case .local: sink.identity.local(entry)
        case .none, .udp, .tcp: sink.identity.rfc5424(entry)
        }
    }

    /// Waits for the socket, a wake-up or the next attempt, and looks at what the socket says.
    private func pause(until closing: ContinuousClock.Instant?) {
        var polled = [pollfd(fd: wakeUp.descriptor, events: Int16(POLLIN), revents: 0)]
        if channel.descriptor >= 0 {
            let writing = channel.wantsToWrite ? POLLOUT : 0
            polled.append(
                pollfd(fd: channel.descriptor, events: Int16(POLLIN | writing), revents: 0))
        }
        _ = poll(&polled, nfds_t(polled.count), timeout(until: closing))
        if polled[0].revents != 0 { wakeUp.clear() }
        guard polled.count > 1, polled[1].revents != 0 else { return }
        if channel.isConnecting {
            if channel.finishConnecting() == .failed { leaveAlone() }
        } else if Int32(polled[1].revents) & (POLLERR | POLLHUP | POLLNVAL) != 0 {
            noticeLoss()
        } else if Int32(polled[1].revents) & POLLIN != 0, channel.isEndedByServer() {
            leaveAlone()
        }
    }

    /// Milliseconds until something is due; -1, for ever, where nothing is.
    private func timeout(until closing: ContinuousClock.Instant?) -> Int32 {
        let retry = inHand != nil && !channel.isOpen ? notBefore : nil
        guard let due = [retry, closing].compactMap({ $0 }).min() else { return -1 }
        let (seconds, attoseconds) = (due - .now).components
        return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
    }

    /// The kernel reports that the last datagram found nobody, or that the peer is gone.
    private func noticeLoss() {
        if case .udp = channel.destination, let lost = lastSent { sink.lose(lost) }
        leaveAlone()
    }

    private func leaveAlone() {
        channel.close()
        lastSent = nil
        notBefore = .now + sink.retryInterval
    }
}

/// Starts the thread; it holds the sink until it ends.
func startThread(of sink: SyslogSink) -> Bool {
    var thread = pthread_t()
    let context = Unmanaged.passRetained(sink)
    guard pthread_create(&thread, nil, runWorker, context.toOpaque()) == 0 else {
        context.release()
        return false
    }
    pthread_detach(thread)
    return true
}

/// The thread's body, for C.
private func runWorker(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    let sink = Unmanaged<SyslogSink>.fromOpaque(context).takeRetainedValue()
    if let wakeUp = sink.wakeUp { SyslogWorker(sink, wakeUp).run() }
    return nil
}
