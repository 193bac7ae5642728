public import FoundationEssentials

/// What a server says before the body.
public struct CurlHead: Sendable, Equatable {
    /// The HTTP status, such as 200.
    public var status: Int
    /// Bytes of the body where the server said so.
    public var contentLength: Int64?
    /// Where the answer came from, after redirects.
    public var url: String
    /// The server's clock by its field `Date`, in seconds since 1970; nil where it does not say.
    public var date: Int?

    /// 200…299.
    public var isSuccess: Bool { (200..<300).contains(status) }

    public init(
        status: Int, contentLength: Int64? = nil, url: String, date: Int? = nil
    ) {
        self.status = status
        self.contentLength = contentLength
        self.url = url
        self.date = date
    }
}

/// A whole answer.
public struct CurlResponse: Sendable {
    public var head: CurlHead
    public var body: Data

    public init(head: CurlHead, body: Data) {
        self.head = head
        self.body = body
    }
}
