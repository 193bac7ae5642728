import NIOCore
import NIOHTTP1

/// One connection: one question, one answer, and its end.
final class HTTPConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart

    private let patience: Duration
    private let desk: any HTTPDesk
    private var head: HTTPRequestHead?
    /// What else is in the bytes of the first question is heard no more.
    private var isAnswered = false
    private var client = ""
    private var ticket: String?
    private var deadline: Scheduled<Void>?

    init(_ patience: Duration, _ desk: any HTTPDesk) {
        self.patience = patience
        self.desk = desk
    }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        guard let client = Self.text(channel.remoteAddress),
            let server = Self.text(channel.localAddress),
            let ticket = desk.enter(from: client, to: server)
        else {
            context.close(promise: nil)
            return
        }
        (self.client, self.ticket) = (client, ticket)
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(patience)) {
            channel.close(promise: nil)
        }
        context.fireChannelActive()
    }

    /// Without zone and port.
    private static func text(_ address: SocketAddress?) -> String? {
        guard let text = address?.ipAddress else { return nil }
        let mapped = "::ffff:"
        return text.hasPrefix(mapped) && text.contains(".")
            ? String(text.dropFirst(mapped.count)) : text
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head, !isAnswered else { return }
            self.head = nil
            isAnswered = true
            answer(head, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let question = HTTPQuestion(
            client: client, method: head.method.rawValue, target: head.uri,
            headers: Dictionary(
                head.headers.map { ($0.name.lowercased(), $0.value) }
            ) { first, _ in first })
        let loop = context.eventLoop
        let channel = context.channel
        desk.answer(question) { reply in
            // Who answers at once does so on this thread.
            if loop.inEventLoop {
                Self.send(reply, to: head, on: channel)
            } else {
                loop.execute { Self.send(reply, to: head, on: channel) }
            }
        }
    }

    private static func send(
        _ reply: HTTPReply?, to head: HTTPRequestHead, on channel: any Channel
    ) {
        guard let reply else { return channel.close(promise: nil) }
        var headers = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", "\(reply.text.utf8.count)"), ("Connection", "close"),
            ("Cache-Control", "no-store"),
        ])
        for (name, value) in reply.headers { headers.replaceOrAdd(name: name, value: value) }
        let response = HTTPResponseHead(
            version: head.version, status: HTTPResponseStatus(statusCode: reply.status),
            headers: headers)
        channel.write(HTTPServerResponsePart.head(response), promise: nil)
        if head.method != .HEAD {
            let text = channel.allocator.buffer(string: reply.text)
            channel.write(HTTPServerResponsePart.body(.byteBuffer(text)), promise: nil)
        }
        channel.writeAndFlush(HTTPServerResponsePart.end(nil)).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        if let ticket { desk.leave(ticket) }
        ticket = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Closes a connection that has sent too much, before anything reads it.
final class HTTPByteLimit: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var left: Int

    init(_ limit: Int) { left = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        left -= unwrapInboundIn(data).readableBytes
        guard left >= 0 else {
            context.close(promise: nil)
            return
        }
        context.fireChannelRead(data)
    }
}
