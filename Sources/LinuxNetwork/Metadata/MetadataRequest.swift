/// What a guest asks its node about itself, over HTTP.
public struct MetadataRequest: Sendable {
    /// Who asks: the port that the question came through, whatever the question says.
    public var port: GuestPort
    /// HTTP's, such as `GET`.
    public var method: String
    /// As it stands in the request, with what follows `?`.
    public var target: String
    /// By their names in lower case.
    public var headers: [String: String]

    public init(
        port: GuestPort, method: String, target: String, headers: [String: String] = [:]
    ) {
        self.port = port
        self.method = method
        self.target = target
        self.headers = headers
    }
}

/// What it is told.
public struct MetadataAnswer: Sendable, Equatable {
    /// HTTP's, such as 200.
    public var status: Int
    public var text: String
    public var headers: [String: String]

    public init(status: Int = 200, text: String, headers: [String: String] = [:]) {
        self.status = status
        self.text = text
        self.headers = headers
    }
}

/// Answers at once: guests' questions wait for each other.
public typealias MetadataAnswering = @Sendable (MetadataRequest) -> MetadataAnswer

/// What one guest may have of its node's metadata server, so that it costs the node and other guests
/// nothing that counts. How often it may ask the kernel counts, see ``ServicePlan``.
struct MetadataLimits: Sendable {
    /// From a connection's begin to its end: one question, and its answer.
    var patience = Duration.seconds(5)
    /// At a time, of one NIC.
    var connectionsPerPort = 4
    /// At a time, of all of this host.
    var connections = 256
    /// Of one question, with its head and whatever follows.
    var bytes = 16 << 10
}
