import Curl
import Etcd
import Foundation
import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import ServiceLifecycle
import Testing

@testable import MetaStackWeb

/// A server on loopback over an etcd of its own, with a token of each role.
struct LiveServer: Sendable {
    let store: ClusterStore
    let url: String
    let curl: Curl
    let secrets: [AccessToken.Role: String]
    /// The file of the authority that signed its certificate; nil where it speaks plain HTTP.
    var authority: String?

    static func run(
        limits: ClientLimits = ClientLimits(),
        certificates: (cert: String, key: String, authority: String)? = nil,
        audit: Logger? = nil, log: Logger? = nil,
        _ body: @escaping @Sendable (LiveServer) async throws -> Void
    ) async throws {
        try await EtcdServer.run { etcd in
            try await etcd.withClient { client in
                let store = ClusterStore(client: client, prefix: "/metastack")
                try await serve(
                    over: store, limits: limits, certificates: certificates, audit: audit, log: log,
                    body)
            }
        }
    }

    /// One over an etcd that is there already.
    static func serve(
        over store: ClusterStore, limits: ClientLimits = ClientLimits(),
        certificates: (cert: String, key: String, authority: String)? = nil,
        audit: Logger? = nil, log: Logger? = nil,
        _ body: @escaping @Sendable (LiveServer) async throws -> Void
    ) async throws {
        var secrets: [AccessToken.Role: String] = [:]
        for role in AccessToken.Role.allCases {
            let secret = TokenSecret()
            secrets[role] = secret.text
            let token = AccessToken(
                name: try ResourceName(role.rawValue), hash: try Checksum(secret.hash), role: role)
            _ = try await store.write([.put(.token(secret.id), token)], if: [])
        }
        try await serve(store, secrets, limits, certificates, audit, log, body)
    }

    /// Another server over the same etcd, for the time of `body`.
    ///
    /// - Parameter port: on which it listens; one that is free where it is 0.
    func another(
        port: Int = 0, _ body: @escaping @Sendable (LiveServer) async throws -> Void
    ) async throws {
        try await Self.serve(store, secrets, ClientLimits(), nil, nil, nil, port: port, body)
    }

    private static func serve(
        _ store: ClusterStore, _ secrets: [AccessToken.Role: String], _ limits: ClientLimits,
        _ certificates: (cert: String, key: String, authority: String)?, _ audit: Logger?,
        _ log: Logger?, port listening: Int = 0,
        _ body: @escaping @Sendable (LiveServer) async throws -> Void
    ) async throws {
        let quiet = Logger(label: "web") { _ in SwiftLogNoOpLogHandler() }
        let (ports, port) = AsyncStream<Int>.makeStream()
        var settings = ServeSettings()
        settings.listen.port = listening
        settings.cert = certificates?.cert
        settings.key = certificates?.key
        let server = try WebServer(
            store: store, settings: settings, logger: log ?? quiet, audit: audit ?? quiet,
            limits: limits,
            onReady: { port.yield($0) })
        let group = ServiceGroup(services: [server], logger: quiet)
        try await withThrowingTaskGroup { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await number in ports {
                    let scheme = certificates == nil ? "http" : "https"
                    let live = LiveServer(
                        store: store, url: "\(scheme)://127.0.0.1:\(number)",
                        curl: try Curl(name: "web-tests"), secrets: secrets,
                        authority: certificates?.authority)
                    try await live.ready()
                    try await body(live)
                    await live.curl.shutdown()
                    return
                }
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
    }

    private func ready() async throws {
        let end = ContinuousClock.now + .seconds(15)
        while ContinuousClock.now < end {
            if try await send("GET", "/readyz").status == 200 { return }
            try await Task.sleep(for: .milliseconds(20))
        }
        throw TestingError("the server was not ready within 15 s")
    }

    struct Reply {
        let status: Int
        let headers: [String: String]
        let body: Data

        var json: JSONValue {
            get throws { try JSONDecoder().decode(JSONValue.self, from: body) }
        }
    }

    func send(
        _ method: String, _ path: String, _ body: String? = nil, as role: AccessToken.Role? = nil,
        token: String? = nil, headers: [String: String] = [:]
    ) async throws -> Reply {
        var request = CurlRequest(
            url + path, method: .custom(method, body.map { Data($0.utf8) }))
        if method == "HEAD" { request.method = .head }
        request.headers = headers
        if body != nil, headers["Content-Type"] == nil {
            request.headers["Content-Type"] = "application/json"
        }
        if let secret = token ?? role.flatMap({ secrets[$0] }) {
            request.headers["Authorization"] = "Bearer \(secret)"
        }
        request.deadline = .seconds(20)
        if let authority {
            request.tls = CurlTLS(certificateAuthority: authority)
            request.usesFreshConnection = true
        }
        let response = try await curl.perform(request)
        return Reply(
            status: response.head.status, headers: [:], body: response.body)
    }

    /// Any text under a key, as somebody may write it with etcdctl.
    func putText(_ path: String, _ text: String) async throws {
        _ = try await store.client.put(Key("/metastack/\(path)"), Data(text.utf8))
        try await reach(try await store.load().revision)
    }
}
