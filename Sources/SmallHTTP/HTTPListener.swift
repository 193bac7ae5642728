import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP server for a program that has little to say: one question a connection, texts as answers, and one
/// thread for all listeners of the process, which sleeps while nobody asks.
///
/// A module of its own, since NIO's modules know some of C's types by the same names as Foundation does, and
/// a file that uses one of them may be built or not, as it happens.
public struct HTTPListener: Sendable {
    private let channel: any Channel
    private let connections: OpenConnections

    /// Made with the first listener, and never taken down.
    private static let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// `TCP_USER_TIMEOUT` (tcp(7)): after so many milliseconds the kernel, too, gives up whoever takes nothing. Else
    /// it keeps an answer for minutes after its connection was closed here.
    private static let userTimeout = NIOBSDSocket.Option(rawValue: 18)

    /// Listens.
    ///
    /// - Parameter socket: bound, and the listener's from now on.
    public init(on socket: CInt, limits: HTTPLimits, desk: any HTTPDesk) async throws {
        let connections = OpenConnections()
        channel = try await Self.bootstrap(limits, desk, connections).withBoundSocket(socket).get()
        self.connections = connections
    }

    /// Binds and listens.
    ///
    /// - Parameter host: an IP address, or a name that has one.
    public init(host: String, port: Int, limits: HTTPLimits, desk: any HTTPDesk) async throws {
        let connections = OpenConnections()
        channel = try await Self.bootstrap(limits, desk, connections)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: port).get()
        self.connections = connections
    }

    private static func bootstrap(
        _ limits: HTTPLimits, _ desk: any HTTPDesk, _ connections: OpenConnections
    ) -> ServerBootstrap {
        ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                connections.note(channel)
                return channel.eventLoop.makeCompletedFuture {
                    try channel.syncOptions?.setOption(
                        .tcpOption(Self.userTimeout), value: limits.milliseconds)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(HTTPByteLimit(limits.bytes))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(HTTPConnection(limits.patience, desk))
                }
            }
    }

    public var isActive: Bool { channel.isActive }

    /// Calls somebody once the socket is closed, whoever closed it.
    public func whenClosed(_ body: @escaping @Sendable () -> Void) {
        channel.closeFuture.whenComplete { _ in body() }
    }

    /// Closes the socket and all of its connections, at once.
    public func close() async {
        try? await channel.close().get()  // Or it is closed already.
        connections.closeAll()
    }
}
