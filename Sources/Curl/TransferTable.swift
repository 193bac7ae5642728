import CCurl

/// The transfers of one multi handle: those that run, and those that wait for their turn.
///
/// Used by curl's thread alone.
final class TransferTable {
    private let multi: UnsafeMutableRawPointer
    private let limits: CurlLimits
    private var running: [ObjectIdentifier: RunningTransfer] = [:]
    private var runningInTurn = 0
    private var waiting: [Transfer] = []
    /// No waiting transfer expires before this; nil where none can.
    private var waitingExpiry: ContinuousClock.Instant?

    init(multi: UnsafeMutableRawPointer, limits: CurlLimits) {
        self.multi = multi
        self.limits = limits
    }

    var count: Int { running.count + waiting.count }
    var canStartWaiting: Bool { !waiting.isEmpty && runningInTurn < limits.transfers }

    /// Starts a transfer, or puts it at the end of the queue.
    func admit(_ transfer: Transfer) {
        if transfer.isEnded { return }
        switch transfer.request.admission {
        case .atOnce:
            start(transfer)
        case .inTurn where runningInTurn < limits.transfers && waiting.isEmpty:
            start(transfer)
        case .inTurn where waiting.count >= limits.waiting:
            transfer.end(
                .failed(
                    CurlError(
                        .tooManyWaiting, "\(waiting.count) other transfers wait already",
                        url: transfer.request.url)))
        case .inTurn:
            waiting.append(transfer)
            if let expiry = transfer.expiry {
                waitingExpiry = waitingExpiry.map { min($0, expiry) } ?? expiry
            }
        }
    }

    /// Gives free places to those that wait longest.
    func startWaiting() {
        guard canStartWaiting else { return }
        var next = 0
        while next < waiting.count, runningInTurn < limits.transfers {
            if !waiting[next].isEnded { start(waiting[next]) }
            next += 1
        }
        waiting.removeFirst(next)
    }

    private func start(_ transfer: Transfer) {
        do throws(CurlError) {
            let entry = try RunningTransfer(transfer)
            let result = curl_multi_add_handle(multi, entry.easy)
            guard result == CURLM_OK else { throw CurlError(multi: result) }
            running[ObjectIdentifier(transfer)] = entry
            if transfer.request.admission == .inTurn { runningInTurn += 1 }
        } catch {
            transfer.end(.failed(error))
        }
    }

    /// Takes a transfer out wherever it is; its handle is freed with its entry.
    func remove(_ transfer: Transfer) {
        if let entry = running.removeValue(forKey: ObjectIdentifier(transfer)) {
            // It fails only for handles that are not in, and this one is.
            curl_multi_remove_handle(multi, entry.easy)
            if transfer.request.admission == .inTurn { runningInTurn -= 1 }
        } else if let index = waiting.firstIndex(where: { $0 === transfer }) {
            waiting.remove(at: index)
        }
    }

    /// The reader has caught up: curl hands over what it kept.
    func resume(_ transfer: Transfer) {
        running[ObjectIdentifier(transfer)]?.resume()
    }

    /// `curl_multi_info_read` until it is empty: each finished transfer ends and frees itself.
    func finishEnded() {
        var left: Int32 = 0
        while let message = curl_multi_info_read(multi, &left) {
            guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle,
                let entry = RunningTransfer.of(easy)
            else { continue }
            let result = ccurl_message_result(message)
            let ending = entry.ending(for: result)
            remove(entry.transfer)
            entry.transfer.end(ending)
        }
    }

    /// Ends whatever waits past its deadline, or is silent for too long.
    func expire(at now: ContinuousClock.Instant) {
        if let waitingExpiry, waitingExpiry <= now { expireWaiting(at: now) }
        for entry in running.values {
            guard let expiry = entry.expiry, expiry <= now else { continue }
            let error = entry.silenceError
            remove(entry.transfer)
            entry.transfer.end(.failed(error))
        }
    }

    private func expireWaiting(at now: ContinuousClock.Instant) {
        waitingExpiry = nil
        waiting.removeAll { transfer in
            if transfer.isEnded { return true }
            guard let expiry = transfer.expiry else { return false }
            if expiry <= now {
                transfer.end(
                    .failed(
                        CurlError(
                            .timedOut, "other transfers left no time to send it",
                            url: transfer.request.url)))
                return true
            }
            waitingExpiry = waitingExpiry.map { min($0, expiry) } ?? expiry
            return false
        }
    }

    /// When `expire` has something to do next.
    var nextExpiry: ContinuousClock.Instant? {
        var next = waitingExpiry
        for entry in running.values {
            guard let expiry = entry.expiry else { continue }
            next = next.map { min($0, expiry) } ?? expiry
        }
        return next
    }

    /// Ends everything with `error`.
    func endAll(_ error: CurlError) {
        let transfers =
            running.values.map { ($0.transfer, $0.wasSent) } + waiting.map { ($0, false) }
        for (transfer, wasSent) in transfers {
            remove(transfer)
            transfer.end(
                .failed(
                    CurlError(
                        error.code, error.message, url: transfer.request.url, wasSent: wasSent)))
        }
    }
}
