import MetaStackModel
import SmallHTTP

/// The HTTP servers of a host's networks: one socket in each network's namespace.
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
        var http: HTTPListener
    }

    private static let port: UInt16 = 80

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
            if listener.namespace == namespace, listener.http.isActive { return }
            await end(id)
        }
        let socket = try await NamespaceSocket.bound(to: Self.port, in: path)
        let limits = HTTPLimits(patience: desk.limits.patience, bytes: desk.limits.bytes)
        do {
            let http = try await HTTPListener(
                on: socket, limits: limits, desk: NetworkDesk(network: id, desk: desk))
            listeners[id] = Listener(namespace: namespace, http: http)
        } catch {
            throw NetworkPlaneError(.file, "cannot listen in \(path): \(error)")
        }
    }

    private func end(_ id: NetworkID) async {
        await listeners.removeValue(forKey: id)?.http.close()
    }
}

/// The questions of one network.
private struct NetworkDesk: HTTPDesk {
    let network: NetworkID
    let desk: MetadataDesk

    /// The rules let in what is for these alone; a socket of all addresses asks once more.
    private static let own = ["\(ServiceAddresses.ipv4)", "\(ServiceAddresses.ipv6)"]

    func enter(from client: String, to server: String) -> String? {
        guard Self.own.contains(server), let client = try? IPAddress(client) else {
            return nil  // Neither of them is a guest's.
        }
        return desk.enter(client, in: network)
    }

    func leave(_ ticket: String) { desk.leave(ticket) }

    /// Who has the address may have changed since the connection began.
    func answer(_ question: HTTPQuestion, _ reply: @escaping @Sendable (HTTPReply?) -> Void) {
        reply(answer(question))
    }

    private func answer(_ question: HTTPQuestion) -> HTTPReply? {
        guard let client = try? IPAddress(question.client) else { return nil }  // It has come in.
        let answer = desk.answer(client, in: network) { port in
            MetadataRequest(
                port: port, method: question.method, target: question.target,
                headers: question.headers)
        }
        return answer.map { HTTPReply(status: $0.status, text: $0.text, headers: $0.headers) }
    }
}
