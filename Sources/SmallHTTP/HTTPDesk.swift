/// Who may ask, and what they are told.
///
/// Called by the one thread that serves all connections: whoever needs time to answer takes the question
/// elsewhere, and answers from there.
public protocol HTTPDesk: Sendable {
    /// Lets a connection in.
    ///
    /// - Parameters:
    ///   - client: its IP address; one of IPv4 at a socket of both families stands as IPv4.
    ///   - server: the address that it was made to.
    /// - Returns: what is given to ``leave(_:)`` in the end; nil closes the connection.
    func enter(from client: String, to server: String) -> String?
    func leave(_ ticket: String)
    /// - Parameter reply: is called once, from any thread; nil closes the connection without an answer.
    ///   A connection that nobody answers is closed when its time is over.
    func answer(_ question: HTTPQuestion, _ reply: @escaping @Sendable (HTTPReply?) -> Void)
}

/// One request, without its body.
public struct HTTPQuestion: Sendable {
    /// The IP address that it comes from.
    public var client: String
    /// Such as `GET`.
    public var method: String
    /// The path, with what follows `?`.
    public var target: String
    /// By their names in lower case; of two of one name the first.
    public var headers: [String: String]
}

public struct HTTPReply: Sendable {
    /// Such as 200.
    public var status: Int
    public var text: String
    /// In place of our own of the same names, such as `Content-Type`.
    public var headers: [String: String]

    public init(status: Int, text: String, headers: [String: String] = [:]) {
        self.status = status
        self.text = text
        self.headers = headers
    }
}

/// What one connection may cost.
public struct HTTPLimits: Sendable {
    /// From its begin to its end: one question, and its answer.
    public var patience: Duration
    /// Of the question, with its head and whatever follows.
    public var bytes: Int

    public init(patience: Duration, bytes: Int) {
        self.patience = patience
        self.bytes = bytes
    }

    /// The patience as the kernel counts it.
    var milliseconds: Int { Int(patience / .milliseconds(1)) }
}
