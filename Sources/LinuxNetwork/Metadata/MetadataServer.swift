import Foundation
import MetaStackModel
import NIOCore
import NIOHTTP1
import NIOPosix

/// The HTTP servers of a host's networks: one socket in each network's namespace, and one thread for all of
/// them, which sleeps while nobody asks.
///
/// A socket keeps its namespace there, so it is closed with all of its connections before the network
/// goes. With the process all of them end, and the next one makes others: what guests are told is
/// in no connection.
actor MetadataServer {
    let desk: MetadataDesk
    private var listeners: [NetworkID: Listener] = [:]

    private struct Listener {
        /// Tells a namespace from one that was made anew in its place.
        var namespace: UInt64
        var channel: any Channel
        var connections: OpenConnections
    }

    private static let port: UInt16 = 80
    /// Made with the first network, and never taken down.
    private static let loop = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    init(limits: MetadataLimits) { desk = MetadataDesk(limits) }

    /// Serves networks in the namespaces that their services are in.
    ///
    /// - Parameter kept: the networks that stay; the others are ended.
    /// - Returns: why a network is not served, where it is not.
    func serve(
        _ places: [NetworkID: String], kept: Set<NetworkID>
    ) async -> [NetworkID: String] {
        for id in listeners.keys where !kept.contains(id) { await end(id) }
        guard desk.isOpen else { return [:] }
        var problems: [NetworkID: String] = [:]
        for (id, path) in places {
            do throws(NetworkPlaneError) {
                try await keep(id, path)
            } catch {
                problems[id] = error.message
            }
        }
        return problems
    }

    private func keep(_ id: NetworkID, _ path: String) async throws(NetworkPlaneError) {
        guard let namespace = Namespaces.identity(path) else {
            throw NetworkPlaneError(.file, "\(path) is no namespace")
        }
        if let listener = listeners[id] {
            if listener.namespace == namespace, listener.channel.isActive { return }
            await end(id)
        }
        let socket = try await NamespaceSocket.bound(to: Self.port, in: path)
        let connections = OpenConnections()
        do {
            let channel = try await Self.listen(on: socket, id, desk, connections)
            listeners[id] = Listener(
                namespace: namespace, channel: channel, connections: connections)
        } catch {
            throw NetworkPlaneError(.file, "cannot listen in \(path): \(error)")
        }
    }

    private static func listen(
        on socket: CInt, _ id: NetworkID, _ desk: MetadataDesk, _ connections: OpenConnections
    ) async throws -> any Channel {
        try await ServerBootstrap(group: loop)
            .childChannelInitializer { channel in
                connections.note(channel)
                return channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(MetadataByteLimit(desk.limits.bytes))
                    try pipeline.configureHTTPServerPipeline()
                    try pipeline.addHandler(MetadataConnection(network: id, desk: desk))
                }
            }
            .withBoundSocket(socket).get()
    }

    private func end(_ id: NetworkID) async {
        guard let listener = listeners.removeValue(forKey: id) else { return }
        try? await listener.channel.close().get()  // Or it is closed already.
        listener.connections.closeAll()
    }
}
