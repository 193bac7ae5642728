import Foundation
import MetaStackModel
import NIOCore
import NIOHTTP1

/// One connection of a guest: one question, one answer, and its end.
///
/// That no connection serves a second question lets the kernel count questions.
final class MetadataConnection: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private let network: NetworkID
    private let desk: MetadataDesk
    private var head: HTTPRequestHead?
    private var entered: InterfaceName?
    private var deadline: Scheduled<Void>?

    init(network: NetworkID, desk: MetadataDesk) {
        self.network = network
        self.desk = desk
    }

    /// The rules let in what is for these alone; a socket of all addresses asks once more.
    private static let own = [ServiceAddresses.ipv4, ServiceAddresses.ipv6]

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        guard let to = IPAddress(channel.localAddress), Self.own.contains(to),
            let from = IPAddress(channel.remoteAddress),
            let port = desk.enter(from, in: network)
        else {
            context.close(promise: nil)
            return
        }
        entered = port
        deadline = context.eventLoop.scheduleTask(in: TimeAmount(desk.limits.patience)) {
            channel.close(promise: nil)
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context)
        }
    }

    private func answer(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let channel = context.channel
        let answer = IPAddress(channel.remoteAddress).flatMap { from in
            // Who has the address may have changed since the connection began.
            desk.answer(from, in: network) { port in
                MetadataRequest(
                    port: port, method: head.method.rawValue, target: head.uri,
                    headers: Dictionary(
                        head.headers.map { ($0.name.lowercased(), $0.value) }
                    ) { first, _ in first })
            }
        }
        guard let answer else {
            context.close(promise: nil)
            return
        }
        var headers = HTTPHeaders([
            ("Content-Type", "text/plain; charset=utf-8"),
            ("Content-Length", "\(answer.text.utf8.count)"), ("Connection", "close"),
            ("Cache-Control", "no-store"),
        ])
        for (name, value) in answer.headers { headers.replaceOrAdd(name: name, value: value) }
        let response = HTTPResponseHead(
            version: head.version, status: HTTPResponseStatus(statusCode: answer.status),
            headers: headers)
        context.write(wrapOutboundOut(.head(response)), promise: nil)
        if head.method != .HEAD {
            let text = context.channel.allocator.buffer(string: answer.text)
            context.write(wrapOutboundOut(.body(.byteBuffer(text))), promise: nil)
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            channel.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        deadline?.cancel()
        if let entered { desk.leave(entered) }
        entered = nil
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }
}

/// Closes a connection that has sent too much, before anything reads it.
final class MetadataByteLimit: ChannelInboundHandler {
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

extension IPAddress {
    /// Of a socket: without its zone and port, and an IPv4 address in IPv6's clothes as what it is.
    fileprivate init?(_ address: SocketAddress?) {
        switch address {
        case .v4(let address)?:
            self.init(.ipv4, UInt128(UInt32(bigEndian: address.address.sin_addr.s_addr)))
        case .v6(let address)?:
            let number = withUnsafeBytes(of: address.address.sin6_addr) { octets in
                octets.reduce(UInt128(0)) { $0 << 8 | UInt128($1) }
            }
            self.init(.ipv6, number)
        case .unixDomainSocket?, nil: return nil
        }
    }
}
