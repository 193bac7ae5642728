import Logging
import MetaStackModel
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle

/// Serves the node's figures at `/metrics`, over HTTP, where the configuration says so.
///
/// One thread that sleeps while nobody asks. A client gets one answer a connection, ten seconds for it, and
/// no more than a few of them are served at a time. An address that cannot be had is tried for again.
/// Ends by cancellation, at once.
struct MetricsService: Service {
    private static let patience = TimeAmount.seconds(10)
    private static let connections = 16
    private static let retryAfter = Duration.seconds(10)

    let listen: ServeSettings.Listen
    let figures: @Sendable () async -> String
    let clock: any NodeClock
    let logger: Logger

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await serve()
                } catch is CancellationError {
                    return
                } catch {
                    logger.error(
                        "cannot serve the node's figures, trying again",
                        metadata: ["listen": "\(listen)", "error": "\(error)"])
                }
                try await clock.sleep(for: Self.retryAfter)
            }
        }
    }

    private func serve() async throws {
        let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            let server = try await ServerBootstrap(group: loop)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: listen.host, port: listen.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try Self.prepared(channel) }
                }
            logger.info("node's figures served", metadata: ["listen": "\(listen)"])
            try await accept(server)
        } catch {
            try await loop.shutdownGracefully()
            throw error
        }
        try await loop.shutdownGracefully()
    }

    private static func prepared(_ channel: any Channel) throws -> Connection {
        let pipeline = channel.pipeline.syncOperations
        try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
        channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
        return try Connection(wrappingChannelSynchronously: channel)
    }

    private func accept(_ server: NIOAsyncChannel<Connection, Never>) async throws {
        try await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                let open = OpenCount(limit: Self.connections)
                for try await connection in connections {
                    guard open.enter() else {
                        connection.channel.close(promise: nil)
                        continue
                    }
                    group.addTask {
                        await answer(connection)
                        open.leave()
                    }
                }
            }
        }
    }

    private func answer(_ connection: Connection) async {
        do {
            try await connection.executeThenClose { parts, answers in
                var head: HTTPRequestHead?
                for try await part in parts {
                    switch part {
                    case .head(let begun): head = begun
                    case .body: continue
                    case .end:
                        guard let head else { return }
                        let (status, text) = await response(to: head)
                        try await answers.write(
                            .head(
                                HTTPResponseHead(
                                    version: head.version, status: status,
                                    headers: Self.headers(text))))
                        if head.method != .HEAD {
                            try await answers.write(.body(.byteBuffer(ByteBuffer(string: text))))
                        }
                        try await answers.write(.end(nil))
                        return
                    }
                }
            }
        } catch {
            logger.debug("a reader of the figures went away", metadata: ["error": "\(error)"])
        }
    }

    private func response(to head: HTTPRequestHead) async -> (HTTPResponseStatus, String) {
        let path = head.uri.prefix { $0 != "?" }
        guard path == "/metrics" else { return (.notFound, "the figures are at /metrics\n") }
        guard head.method == .GET || head.method == .HEAD else {
            return (.methodNotAllowed, "only GET is possible here\n")
        }
        return (.ok, await figures())
    }

    private static func headers(_ text: String) -> HTTPHeaders {
        [
            "Content-Type": "text/plain; version=0.0.4; charset=utf-8",
            "Content-Length": "\(text.utf8.count)", "Connection": "close",
        ]
    }
}
