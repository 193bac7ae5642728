import NIOCore
import NIOHTTP1
import NIOPosix

/// An HTTP server on a socket that somebody else has bound, for a program that has little to say: one question
/// a connection, texts as answers, and one thread for all listeners of the process, which sleeps
/// while nobody asks.
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
        channel = try await ServerBootstrap(group: Self.loop)
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
            .withBoundSocket(socket).get()
        self.connections = connections
    }

    public var isActive: Bool { channel.isActive }

    /// Closes the socket and all of its connections, at once.
    public func close() async {
        try? await channel.close().get()  // Or it is closed already.
        connections.closeAll()
    }
}
