/// Why a transfer brought no answer, or not the whole of it.
public struct CurlError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it was.
    public enum Code: Sendable, Equatable {
        /// The name has no address, or nobody accepts the connection.
        case cannotConnect
        /// A time-out of the request passed.
        case timedOut
        /// The connection broke before the answer was complete.
        case connectionLost
        /// The TLS handshake failed, or one of its files cannot be used.
        case tls
        /// The request itself is wrong: its URL, scheme or a header.
        case badRequest
        /// A status that the request does not accept.
        case status(Int)
        /// More redirects than the request follows.
        case tooManyRedirects
        /// The body is larger than the request's `bodyLimit`.
        case bodyTooLarge
        /// More transfers wait than `CurlLimits.waiting`.
        case tooManyWaiting
        /// `Curl.shutdown()` ended it.
        case shutDown
        /// Whatever else libcurl reports.
        case other
    }

    public var code: Code
    /// One sentence: what failed and what was found.
    public var message: String
    public var url: String
    /// Whether the server may have seen the request. False is certain: nothing was sent.
    public var wasSent: Bool
    /// `errno` of a failed connect, such as `ECONNREFUSED`; 0 where there is none.
    public var systemError: Int32

    /// Whether the same request may succeed later, or elsewhere.
    public var isRetriable: Bool {
        switch code {
        case .cannotConnect, .timedOut, .connectionLost, .tooManyWaiting: true
        case .status(let status): status >= 500 || status == 429
        case .tls, .badRequest, .tooManyRedirects, .bodyTooLarge, .shutDown, .other: false
        }
    }

    public var description: String { "\(url): \(message)" }

    public init(
        _ code: Code, _ message: String, url: String, wasSent: Bool = false, systemError: Int32 = 0
    ) {
        self.code = code
        self.message = message
        self.url = url
        self.wasSent = wasSent
        self.systemError = systemError
    }
}
