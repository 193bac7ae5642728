/// HTTP and HTTPS by libcurl: one multi handle on one thread of its own.
///
/// Transfers run side by side over kept connections (HTTP/1.1, TCP keepalive, no delay). Any task
/// may start one; the thread is told by `curl_multi_wakeup`, and nothing polls. Dropping the last
/// reference ends everything, as `shutdown()` does. The README has the error model and what this
/// is not.
public final class Curl: Sendable {
    private let thread: CurlThread

    /// Starts the thread.
    ///
    /// - Parameter name: what the thread is called in `ps -L`; 15 bytes are shown.
    /// - Throws: `CurlError` where libcurl or the system gives no handle or no thread.
    public init(name: String = "curl", limits: CurlLimits = CurlLimits()) throws {
        thread = try CurlThread(name: name, limits: limits)
        try thread.start()
    }

    deinit {
        thread.post(.stop)
    }

    /// Transfers that have a handle now or wait for their turn.
    public var transferCount: Int { thread.transferCount }

    /// Sends a request and collects the whole answer.
    ///
    /// Cancelling the task removes the transfer and closes its connection.
    ///
    /// - Throws: `CurlError`, or `CancellationError`.
    public func perform(_ request: CurlRequest) async throws -> CurlResponse {
        let transfer = Transfer(request, isStream: false, thread: thread)
        try start(transfer)
        let response = try await transfer.whole()
        if request.requiresSuccess { try Self.requireSuccess(response.head) }
        return response
    }

    /// Sends a request and returns when the header is here; the body is read from the stream.
    ///
    /// - Throws: `CurlError`, or `CancellationError`.
    public func stream(_ request: CurlRequest) async throws -> CurlStream {
        let transfer = Transfer(request, isStream: true, thread: thread)
        try start(transfer)
        let head = try await transfer.head()
        // From here the stream owns the transfer: throwing below drops it, which ends both.
        let stream = CurlStream(head: head, transfer: transfer)
        if request.requiresSuccess { try Self.requireSuccess(head) }
        return stream
    }

    /// Ends every transfer with `CurlError.Code.shutDown`, and the thread. Returns when both are
    /// gone, which takes no network round trip. Safe to call more than once.
    public func shutdown() async {
        await thread.stop()
    }

    private func start(_ transfer: Transfer) throws {
        try Task.checkCancellation()
        if !thread.post(.start(transfer)) {
            throw CurlError(.shutDown, "the client was shut down", url: transfer.request.url)
        }
    }

    private static func requireSuccess(_ head: CurlHead) throws {
        guard !head.isSuccess else { return }
        throw CurlError(
            .status(head.status), "the server answered with HTTP status \(head.status)",
            url: head.url, wasSent: true)
    }
}
