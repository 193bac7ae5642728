import CCurl
import FoundationEssentials
import Glibc
import Synchronization

/// The thread that owns the multi handle, and the inbox by which others reach it.
///
/// Thread rule: every libcurl call on the multi handle and its easy handles is made by this thread,
/// but `curl_multi_wakeup`, which libcurl allows from any thread and which is called only under
/// the inbox's lock while the inbox is open, so never after `curl_multi_cleanup`.
final class CurlThread: @unchecked Sendable {
    enum Command {
        case start(Transfer)
        case remove(Transfer)
        case resume(Transfer)
        case stop
    }

    private struct Inbox {
        var commands: [Command] = []
        var isOpen = true
        var isFinished = false
        var stopWaiters: [CheckedContinuation<Void, Never>] = []
    }

    /// `curl_multi_init`'s handle; cleaned up by the thread, or by `deinit` where none started.
    private let multi: UnsafeMutableRawPointer
    private let name: String
    private let inbox = Mutex(Inbox())
    private let table: TransferTable
    private let count = Atomic<Int>(0)
    /// Without timers or traffic the thread sleeps this long at most, in milliseconds.
    private static let longestSleep: Int32 = 600_000

    init(name: String, limits: CurlLimits) throws(CurlError) {
        guard globalResult == CURLE_OK, let multi = curl_multi_init() else {
            throw CurlError(.other, "libcurl cannot be initialised", url: "")
        }
        self.name = name
        self.multi = multi
        table = TransferTable(multi: multi, limits: limits)
        // The result only tells of unknown options, and this one is older than our libcurl.
        _ = ccurl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, limits.keptConnections)
    }

    var transferCount: Int { count.load(ordering: .relaxed) }

    /// `pthread_create`, detached: the thread keeps this object alive until it ends.
    func start() throws(CurlError) {
        let context = Unmanaged.passRetained(self)
        var thread = pthread_t()
        let result = pthread_create(&thread, nil, curlThreadMain, context.toOpaque())
        guard result == 0 else {
            context.release()
            curl_multi_cleanup(multi)
            throw CurlError(
                .other, "cannot start a thread: \(String(cString: strerror(result)))", url: "")
        }
        pthread_detach(thread)
    }

    /// Puts a command into the inbox; false where the thread has ended.
    @discardableResult
    func post(_ command: Command) -> Bool {
        inbox.withLock { inbox in
            guard inbox.isOpen else { return false }
            inbox.commands.append(command)
            // A fuller inbox has woken the thread already.
            if inbox.commands.count == 1 { curl_multi_wakeup(multi) }
            return true
        }
    }

    /// Ends the thread and waits for that.
    func stop() async {
        await withCheckedContinuation { continuation in
            let isFinished = inbox.withLock { inbox in
                if inbox.isFinished { return true }
                inbox.stopWaiters.append(continuation)
                return false
            }
            if isFinished { continuation.resume() } else { post(.stop) }
        }
    }

    // MARK: On the thread

    fileprivate func run() {
        // Only for people that look at `ps -L`: nothing depends on the name.
        _ = ccurl_name_thread(name)
        blockSignals()
        while obeyInbox() {
            table.startWaiting()
            var stillRunning: Int32 = 0
            let result = curl_multi_perform(multi, &stillRunning)
            table.finishEnded()
            if result != CURLM_OK { table.endAll(CurlError(multi: result)) }
            table.expire(at: .now)
            count.store(table.count, ordering: .relaxed)
            curl_multi_poll(multi, nil, 0, sleepMilliseconds(), nil)
        }
        finish()
    }

    /// False where the thread shall end.
    private func obeyInbox() -> Bool {
        let commands = inbox.withLock { inbox in
            defer { inbox.commands.removeAll(keepingCapacity: true) }
            return inbox.commands
        }
        var goesOn = true
        for command in commands {
            switch command {
            case .start(let transfer): table.admit(transfer)
            case .remove(let transfer): table.remove(transfer)
            case .resume(let transfer): table.resume(transfer)
            case .stop: goesOn = false
            }
        }
        return goesOn
    }

    private func sleepMilliseconds() -> Int32 {
        if table.canStartWaiting { return 0 }
        guard let expiry = table.nextExpiry else { return Self.longestSleep }
        return min(Self.longestSleep, Int32((expiry - .now).curlMilliseconds))
    }

    private func finish() {
        let late = inbox.withLock { inbox in
            inbox.isOpen = false
            defer { inbox.commands = [] }
            return inbox.commands
        }
        for case .start(let transfer) in late { table.admit(transfer) }
        table.endAll(CurlError(.shutDown, "the client was shut down", url: ""))
        count.store(0, ordering: .relaxed)
        curl_multi_cleanup(multi)
        let waiters = inbox.withLock { inbox in
            inbox.isFinished = true
            defer { inbox.stopWaiters = [] }
            return inbox.stopWaiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Signals are for the process's other threads, and a closed socket's SIGPIPE for nobody:
    /// libcurl with NOSIGNAL leaves that one to its user.
    private func blockSignals() {
        var all = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, nil)
    }
}

/// `curl_global_init`, once for the process and before the first handle.
private let globalResult = ccurl_global_init()

/// The thread's main function: `context` is a retained `CurlThread`.
private func curlThreadMain(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context else { return nil }
    Unmanaged<CurlThread>.fromOpaque(context).takeRetainedValue().run()
    return nil
}

extension CurlError {
    /// A failure of the multi handle itself, such as no memory: no transfer can go on.
    init(multi result: CURLMcode) {
        self.init(
            .other, "curl_multi_perform failed: \(String(cString: curl_multi_strerror(result)))",
            url: "", wasSent: true)
    }
}
