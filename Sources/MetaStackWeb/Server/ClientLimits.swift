import HummingbirdCore
import NIOCore
import NIOHTTPTypes

/// What one client may hold of the server, so that slow ones cost the others nothing.
package struct ClientLimits: Sendable {
    /// Seconds may pass until a connection has sent the head of a request.
    var idle = TimeAmount.seconds(60)
    /// From a request's head to the end of its body.
    var body = TimeAmount.seconds(30)

    package init() {}

    /// What keeps them on each connection.
    var channel: HTTP1Channel.Configuration {
        .init(
            additionalChannelHandlers: [BodyDeadline(limit: body)],
            idleTimeout: idle)
    }
}

/// Closes a connection whose request does not come to its end: a client that sends a byte a minute is
/// never idle.
private final class BodyDeadline: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPRequestPart
    typealias InboundOut = HTTPRequestPart

    private let limit: TimeAmount
    private var deadline: Scheduled<Void>?

    init(limit: TimeAmount) { self.limit = limit }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head:
            let channel = context.channel
            deadline = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
        case .body: break
        case .end: deadline?.cancel()
        }
        context.fireChannelRead(data)
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        context.fireChannelInactive()
    }
}
