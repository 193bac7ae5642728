import CCurl
import FoundationEssentials

/// A transfer with its easy handle, on curl's thread: what curl's callbacks find as their context.
///
/// Created, used and freed by curl's thread alone. `deinit` is the one place that frees the handle;
/// its table entry holds it, so it lives exactly as long as libcurl may call back.
final class RunningTransfer {
    let transfer: Transfer
    /// `curl_easy_init`'s handle.
    let easy: UnsafeMutableRawPointer
    let errorText = UnsafeMutablePointer<CChar>.allocate(capacity: Int(CURL_ERROR_SIZE))
    /// The request's header fields; libcurl reads the list during the whole transfer.
    var headerList: UnsafeMutablePointer<curl_slist>?
    /// How often the request was about to be written to a connection.
    private var sendCount = 0
    private var refusedResend = false
    private var bodyTooLarge = false
    private var lastActivity = ContinuousClock.now

    init(_ transfer: Transfer) throws(CurlError) {
        guard let easy = curl_easy_init() else {
            throw CurlError(.other, "libcurl gives no handle", url: transfer.request.url)
        }
        self.transfer = transfer
        self.easy = easy
        errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        try configure()
    }

    deinit {
        curl_easy_cleanup(easy)
        curl_slist_free_all(headerList)
        errorText.deallocate()
    }

    /// The entry that `configure` has put into the handle.
    static func of(_ easy: UnsafeMutableRawPointer) -> RunningTransfer? {
        var context: UnsafeMutablePointer<CChar>?
        guard ccurl_get_string(easy, CURLINFO_PRIVATE, &context) == CURLE_OK, let context else {
            return nil
        }
        return Unmanaged<RunningTransfer>.fromOpaque(UnsafeRawPointer(context))
            .takeUnretainedValue()
    }

    // MARK: What libcurl tells

    /// Before each sending of the request, the ones that libcurl repeats by itself included.
    func aboutToSend() -> Bool {
        if sendCount > 0, !transfer.request.mayBeSentTwice {
            refusedResend = true
            return false
        }
        sendCount += 1
        return true
    }

    func receivedHeader(_ line: UnsafeRawBufferPointer) {
        lastActivity = .now
        guard line.first == UInt8(ascii: "\r") || line.first == UInt8(ascii: "\n") else { return }
        let status = responseCode
        let isFollowed = transfer.request.redirectLimit > 0 && (300..<400).contains(status)
        // An interim answer (1xx) and a redirect that libcurl follows are not the answer.
        if status >= 200, !isFollowed { transfer.receive(head(status: status)) }
    }

    func receivedBody(_ bytes: UnsafeRawBufferPointer) -> TransferState.Verdict {
        lastActivity = .now
        // A status of 3xx that libcurl cannot follow, for want of a location, is the answer.
        if !transfer.hasHead { transfer.receive(head(status: responseCode)) }
        let verdict = transfer.receive(bytes)
        if case .refused = verdict { bodyTooLarge = !transfer.isEnded }
        return verdict
    }

    /// `curl_easy_pause`, which may hand over kept bytes before it returns.
    func resume() {
        lastActivity = .now
        // A failure shows in the transfer's own result.
        curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    // MARK: What the table asks

    var wasSent: Bool { sendCount > 0 }

    /// When this transfer has been silent for too long; nil where it never is.
    var expiry: ContinuousClock.Instant? {
        let request = transfer.request
        let silence = transfer.hasHead ? request.idleTimeout : request.headTimeout
        guard let silence, !transfer.isPaused else { return nil }
        return lastActivity + silence
    }

    var silenceError: CurlError {
        let what = transfer.hasHead ? "nothing more came in time" : "no answer came in time"
        return CurlError(.timedOut, what, url: transfer.request.url, wasSent: wasSent)
    }

    func ending(for result: CURLcode) -> TransferState.Ending {
        if result == CURLE_OK {
            transfer.receive(head(status: responseCode))
            return .complete
        }
        if bodyTooLarge {
            return .failed(error(.bodyTooLarge, "more than \(transfer.request.bodyLimit) bytes"))
        }
        if refusedResend {
            return .failed(
                error(.connectionLost, "the connection closed without an answer to the request"))
        }
        var text = String(cString: errorText)
        if text.isEmpty { text = String(cString: curl_easy_strerror(result)) }
        let code: CurlError.Code = Self.isRefusedCertificate(text) ? .tls : .init(result)
        return .failed(error(code, text))
    }

    /// With TLS 1.3 a server refuses a client's certificate after the client has begun to send:
    /// libcurl then reports a failed read, with OpenSSL's words for the alert. No request is
    /// looked at before the handshake is complete, so this one was not.
    private static func isRefusedCertificate(_ text: String) -> Bool {
        text.contains("SSL routines")
            && ["certificate", "unknown ca", "access denied"].contains {
                text.contains("alert \($0)") || text.contains("alert bad \($0)")
                    || text.contains("alert unsupported \($0)")
            }
    }

    private func error(_ code: CurlError.Code, _ message: String) -> CurlError {
        var systemError = 0
        // Zero, which says nothing, is right where libcurl has no number.
        _ = ccurl_get_long(easy, CURLINFO_OS_ERRNO, &systemError)
        return CurlError(
            code, message, url: transfer.request.url, wasSent: wasSent,
            systemError: Int32(truncatingIfNeeded: systemError))
    }

    private var responseCode: Int {
        var status = 0
        guard ccurl_get_long(easy, CURLINFO_RESPONSE_CODE, &status) == CURLE_OK else { return 0 }
        return status
    }

    private func head(status: Int) -> CurlHead {
        var url: UnsafeMutablePointer<CChar>?
        let result = ccurl_get_string(easy, CURLINFO_EFFECTIVE_URL, &url)
        let effective = result == CURLE_OK ? url.map { String(cString: $0) } : nil
        return CurlHead(
            status: status, contentLength: field("content-length").flatMap { Int64($0) },
            url: effective ?? transfer.request.url, date: field("date").flatMap(Self.seconds))
    }

    /// The moment that a text of HTTP's stands for (`curl_getdate`); nil where it is none.
    private static func seconds(_ text: String) -> Int? {
        let seconds = curl_getdate(text, nil)
        return seconds < 0 ? nil : seconds
    }

    /// A field of the last header block (-1), which is the answer's own after redirects.
    private func field(_ name: String) -> String? {
        var field: UnsafeMutablePointer<curl_header>?
        guard curl_easy_header(easy, name, 0, UInt32(CURLH_HEADER), -1, &field) == CURLHE_OK,
            let value = field?.pointee.value
        else { return nil }
        return String(cString: value)
    }
}
