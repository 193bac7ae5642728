import Logging
import MetaStackModel
import ServiceLifecycle
import SmallHTTP

/// Serves the node's figures at `/metrics`, over HTTP, where the configuration says so.
///
/// One thread that sleeps while nobody asks, the metadata server's too. A client gets one answer a connection,
/// ten seconds for it, and no more than a few of them are served at a time. An address that cannot
/// be had is tried for again. Ends by cancellation, at once.
struct MetricsService: Service {
    private static let limits = HTTPLimits(patience: .seconds(10), bytes: 16 << 10)
    private static let connections = 16
    private static let retryAfter = Duration.seconds(10)

    let listen: ServeSettings.Listen
    let figures: @Sendable () async -> String
    let clock: any NodeClock
    let logger: Logger

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

    /// Returns when the socket is closed, or when the task is cancelled.
    private func serve() async throws {
        let (questions, asked) = AsyncStream<MetricsDesk.Asked>.makeStream()
        let desk = MetricsDesk(limit: Self.connections, asked: asked)
        let listener = try await HTTPListener(
            host: listen.host, port: listen.port, limits: Self.limits,
            desk: desk)
        listener.whenClosed { asked.finish() }
        logger.info("node's figures served", metadata: ["listen": "\(listen)"])
        await withDiscardingTaskGroup { group in
            for await asked in questions {
                group.addTask { await desk.answer(asked, figures) }
            }
        }
        await listener.close()
    }
}

/// Who asks for figures, a few at a time; the answers take their time, and so are given elsewhere.
private struct MetricsDesk: HTTPDesk {
    struct Asked: Sendable {
        var question: HTTPQuestion
        var reply: @Sendable (HTTPReply?) -> Void
    }

    private let connections: OpenCount
    /// One that takes long outlives its connection.
    private let answers: OpenCount
    private let asked: AsyncStream<Asked>.Continuation

    init(limit: Int, asked: AsyncStream<Asked>.Continuation) {
        connections = OpenCount(limit: limit)
        answers = OpenCount(limit: limit)
        self.asked = asked
    }

    func enter(from client: String, to server: String) -> String? {
        connections.enter() ? client : nil
    }

    func leave(_ ticket: String) { connections.leave() }

    func answer(_ question: HTTPQuestion, _ reply: @escaping @Sendable (HTTPReply?) -> Void) {
        guard answers.enter() else { return reply(nil) }
        asked.yield(Asked(question: question, reply: reply))
    }

    func answer(_ asked: Asked, _ figures: @Sendable () async -> String) async {
        asked.reply(await Self.reply(to: asked.question, figures))
        answers.leave()
    }

    private static func reply(
        to question: HTTPQuestion, _ figures: @Sendable () async -> String
    ) async -> HTTPReply {
        guard question.target.prefix(while: { $0 != "?" }) == "/metrics" else {
            return HTTPReply(status: 404, text: "the figures are at /metrics\n")
        }
        guard ["GET", "HEAD"].contains(question.method) else {
            return HTTPReply(status: 405, text: "only GET is possible here\n")
        }
        return HTTPReply(
            status: 200, text: await figures(),
            headers: ["Content-Type": "text/plain; version=0.0.4; charset=utf-8"])
    }
}
