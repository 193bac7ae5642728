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

@Suite(.serialized) struct HealthTests {
    @Test func aServerThatFollowsEtcdLivesIsReadyAndCounts() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await server.putText("desired_vms/bad", "nonsense")
            for path in ["/livez", "/readyz"] {
                #expect(try await server.send("GET", path).status == 200, "\(path)")
            }
            #expect(try await server.send("GET", "/api/v1/vms").status == 401)
            let text = String(
                decoding: try await server.send("GET", "/metrics", as: .viewer).body, as: UTF8.self)
            for line in [
                "metastack_following 1", #"metastack_vms{state="running"} 1"#,
                #"metastack_vms{state="malformed"} 1"#, #"metastack_hosts{state="ready"} 2"#,
                "metastack_malformed_records 1", #"metastack_host_vcpus{host="a"} 64"#,
                #"metastack_http_requests_total{method="GET",status="401"} 1"#,
            ] {
                #expect(text.contains("\n\(line)\n"), "\(line) in \(text)")
            }
            // Prometheus's text format: a sample stands below the help and the type of its family.
            var family = ""
            for line in text.split(separator: "\n") {
                if let head = line.wholeMatch(of: /# TYPE ([a-z_]+) (gauge|counter)/) {
                    family = String(head.1)
                } else if !line.hasPrefix("# HELP ") {
                    let sample = try #require(
                        line.wholeMatch(of: /([a-z_]+)(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? \d+/),
                        "\(line)")
                    #expect(sample.1 == family)
                }
            }
        }
    }

    @Test func aServerWithoutEtcdLivesAndIsNotReady() async throws {
        let quiet = Logger(label: "web") { _ in SwiftLogNoOpLogHandler() }
        let client = try EtcdClient(
            EtcdConfiguration(endpoints: ["http://127.0.0.1:9"]), logger: quiet)
        var settings = ServeSettings()
        settings.listen.port = 0
        let (ports, port) = AsyncStream<Int>.makeStream()
        let store = ClusterStore(client: client, prefix: "/metastack")
        let server = try WebServer(
            store: store, settings: settings, logger: quiet, audit: quiet,
            onReady: { port.yield($0) })
        let group = ServiceGroup(services: [server], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                for await number in ports {
                    let live = LiveServer(
                        store: store, url: "http://127.0.0.1:\(number)",
                        curl: try Curl(name: "health"), secrets: [.viewer: TokenSecret().text])
                    for (path, status) in [
                        ("/livez", 200), ("/readyz", 503), ("/api/openapi.json", 200),
                        ("/api/v1/vms", 503),
                    ] {
                        let reply = try await live.send("GET", path, as: .viewer)
                        #expect(reply.status == status, "\(path)")
                    }
                    await live.curl.shutdown()
                    return
                }
            }
            defer { tasks.cancelAll() }
            try await tasks.next()
        }
        await client.shutdown()
    }
}

/// A token's end, and when it was used last.
@Suite(.serialized) struct TokenLifeTests {
    @Test func aTokenIsRefusedFromItsEndOn() async throws {
        try await LiveServer.run { server in
            let now = Timestamp(Date()).milliseconds
            for (left, status) in [(-1000, 401), (3_600_000, 200)] as [(Int64, Int)] {
                let secret = TokenSecret()
                let token = AccessToken(
                    name: try ResourceName("guest"), hash: try Checksum(secret.hash), role: .viewer,
                    expiresAt: Timestamp(milliseconds: now + left))
                try await server.put(.token(secret.id), token)
                let reply = try await server.send("GET", "/api/v1/vms", token: secret.text)
                #expect(reply.status == status)
                let text = String(decoding: reply.body, as: UTF8.self)
                #expect(text.contains("token guest has expired") == (status == 401))
            }
        }
    }

    @Test func itsUseIsNotedOnceInAWhile() async throws {
        try await LiveServer.run { server in
            func used(_ role: AccessToken.Role) async throws -> Stored<AccessToken> {
                let end = ContinuousClock.now + .seconds(20)
                while ContinuousClock.now < end {
                    let tokens = try await server.store.load().tokens.values
                    if let token = tokens.first(where: {
                        $0.value.role == role && $0.value.lastUsed != nil
                    }) {
                        return token
                    }
                    try await Task.sleep(for: .milliseconds(10))
                }
                throw TestingError("the use of \(role) was not noted within 20 s")
            }
            #expect(try await server.send("GET", "/api/v1/vms", as: .viewer).status == 200)
            let first = try await used(.viewer)
            let age = Timestamp(Date()).milliseconds - (first.value.lastUsed?.milliseconds ?? 0)
            #expect(abs(age) < 60_000)
            for _ in 1...3 {
                #expect(try await server.send("GET", "/api/v1/vms", as: .viewer).status == 200)
            }
            // Uses are noted in their order: once this one is, those before it are.
            #expect(try await server.send("GET", "/api/v1/vms", as: .admin).status == 200)
            _ = try await used(.admin)
            #expect(try await used(.viewer).revision == first.revision)
            let unused = try await server.store.load().tokens.values.first {
                $0.value.role == .operate
            }
            #expect(unused?.value.lastUsed == nil)
        }
    }
}
