import Foundation
import HTTPTypes
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct APITests {
    private static let flavour = #"{"name": "tiny", "vcpus": 1, "ram": "64MiB"}"#
    private static let image = #"{"name": "debian", "url": "file:///debian.raw"}"#
    private static let vm = #"{"name": "web", "flavour": "tiny", "image": "debian"}"#

    private func fill(_ server: LiveServer) async throws {
        for (path, body) in [
            ("flavours", Self.flavour), ("images", Self.image), ("vms", Self.vm),
        ] {
            let reply = try await server.send("POST", "/api/v1/\(path)", body, as: .operate)
            try #require(reply.status == 202, "\(String(decoding: reply.body, as: UTF8.self))")
        }
    }

    @Test func everyRouteRefusesNoAWrongAndATooWeakToken() async throws {
        try await LiveServer.run { server in
            let mirror = ClusterMirror(store: server.store, logger: quiet)
            let service = WriteService(
                store: server.store, mirror: mirror, audit: quiet,
                now: { Timestamp(milliseconds: 1) }, newID: { "x" })
            let routes = WebServer.routes(service, StreamCount(), RequestCount())
            var guarded = 0
            for route in routes {
                guard let role = route.role else { continue }
                guarded += 1
                let path = route.path.replacing(/\{[a-z-]+\}/, with: "x")
                let verb = route.method.rawValue
                #expect(try await server.send(verb, path).status == 401, "\(verb) \(path)")
                let weaker = AccessToken.Role.allCases.last { $0 < role }
                if let weaker {
                    #expect(
                        try await server.send(verb, path, as: weaker).status == 403,
                        "\(verb) \(path) as \(weaker)")
                }
            }
            #expect(guarded > 30)
            // Each server is patient with so many.
            let wrong = try #require(server.secrets[.admin]) + "x"
            let all = routes.filter { $0.role != nil }
            for start in stride(from: 0, to: all.count, by: LoginThrottle.mostFailures) {
                let some = all[start...].prefix(LoginThrottle.mostFailures)
                try await server.another { server in
                    for route in some {
                        let path = route.path.replacing(/\{[a-z-]+\}/, with: "x")
                        let reply = try await server.send(
                            route.method.rawValue, path, token: wrong)
                        #expect(reply.status == 401, "\(route.method) \(path)")
                    }
                    guard some.count == LoginThrottle.mostFailures else { return }
                    // Whoever has tried too many is not even looked at, and told for how long.
                    let reply = try await PageClient(server: server).ask(
                        "GET", "/api/v1/vms", nil, as: .admin)
                    #expect(reply.status == 429)
                    let wait = try #require(reply.headers["retry-after"].flatMap { Int($0) })
                    #expect((1...60).contains(wait))
                }
            }
        }
    }

    @Test func aWishIsStoredReadChangedAndWithdrawn() async throws {
        try await LiveServer.run { server in
            try await fill(server)
            let list = try await server.send("GET", "/api/v1/vms?fields=name,status", as: .viewer)
            guard case .object(let fields) = try list.json,
                case .array(let items)? = fields["items"]
            else {
                Issue.record("no list in \(String(decoding: list.body, as: UTF8.self))")
                return
            }
            #expect(
                items == [.object(["name": .string("web"), "status": .string("pending")])])
            for (query, count) in [
                ("desired.record.state=start", 1), ("desired.record.state!=start", 0),
                ("status=pending,desired.record.host=", 1), ("name=other", 0),
            ] {
                let found = try await server.send("GET", "/api/v1/vms?where=\(query)", as: .viewer)
                guard case .object(let page) = try found.json,
                    case .array(let items)? = page["items"]
                else { throw TestingError("no list for \(query)") }
                #expect(items.count == count, "\(query)")
            }
            #expect(try await server.send("GET", "/api/v1/vms?where=x", as: .viewer).status == 400)
            let stopped = try await server.send(
                "PATCH", "/api/v1/vms/web", #"{"state": "stop", "labels": {"app": "x"}}"#,
                as: .operate, headers: ["Content-Type": "application/merge-patch+json"])
            #expect(stopped.status == 202)
            let stored = try await server.store.load().desiredVMs.values.map(\.value)
            #expect(stored.map(\.state) == [.stop] && stored.map(\.labels) == [["app": "x"]])
            #expect(
                try await server.send("DELETE", "/api/v1/flavours/tiny", as: .operate).status
                    == 409)
            #expect(
                try await server.send("DELETE", "/api/v1/vms/web", as: .operate).status == 202)
            #expect(try await server.store.load().desiredVMs.isEmpty)
        }
    }

    @Test func anOldETagChangesNothing() async throws {
        try await LiveServer.run { server in
            try await fill(server)
            let vm = try #require(try await server.store.load().desiredVMs.values.first)
            let patch = #"{"state": "stop"}"#
            let old = try await server.send(
                "PATCH", "/api/v1/vms/web", patch, as: .operate, headers: ["If-Match": "\"1\""])
            #expect(old.status == 412)
            let right = try await server.send(
                "PATCH", "/api/v1/vms/web", patch, as: .operate,
                headers: ["If-Match": "\"\(vm.revision)\""])
            #expect(right.status == 202)
        }
    }

    @Test func whatCannotBeUsedIsRefusedAndNothingIsWritten() async throws {
        try await LiveServer.run { server in
            try await fill(server)
            let before = try await server.store.load()
            let deep = String(repeating: "[", count: 5000) + String(repeating: "]", count: 5000)
            let bodies: [(String, ClosedRange<Int>)] = [
                (#"{"name": "<script>", "flavour": "tiny", "image": "debian"}"#, 422...422),
                (#"{"name": "a\u0000b", "flavour": "tiny", "image": "debian"}"#, 422...422),
                (#"{"name": "\u001b[31m", "flavour": "tiny", "image": "debian"}"#, 422...422),
                (#"{"name": "x", "flavour": "../tiny", "image": "debian"}"#, 422...422),
                (#"{"name": "x", "flavour": "tiny", "image": "debian", "ram": 1}"#, 422...422),
                (#"{"name": "web", "flavour": "tiny", "image": "debian"}"#, 409...422),
                (deep, 400...422), ("{", 400...400), ("", 400...415), ("[]", 422...422),
                (String(repeating: "a", count: 10 << 20), 413...413),
            ]
            for (body, statuses) in bodies {
                let reply = try await server.send("POST", "/api/v1/vms", body, as: .operate)
                #expect(statuses.contains(reply.status), "\(body.prefix(60)): \(reply.status)")
            }
            for path in ["/api/v1/vms/..%2f..%2fx", "/api/v1/vms/%00", "/api/v1/../x", "/x"] {
                let status = try await server.send("GET", path, as: .viewer).status
                #expect((400..<500).contains(status), "\(path): \(status)")
            }
            #expect(
                try await server.send("PUT", "/livez", "{}", as: .admin).status == 405)
            let after = try await server.store.load()
            #expect(after.desiredVMs == before.desiredVMs && after.malformed.isEmpty)
        }
    }

    @Test func aTransactionWritesDesiredRecordsAlone() async throws {
        try await LiveServer.run { server in
            func transact(_ path: String, _ record: String) -> String {
                """
                {"conditions": [{"kind": "absent", "path": "\(path)"}], \
                "writes": [{"path": "\(path)", "record": \(record)}]}
                """
            }
            let good = transact("vm_flavours/f1", Self.flavour)
            let first = try await server.send("POST", "/api/v1/transactions", good, as: .operate)
            #expect(first.status == 200)
            let again = try await server.send("POST", "/api/v1/transactions", good, as: .operate)
            #expect(try again.json == .object([:]))
            for (path, record, status) in [
                ("actual_vms/v1", "{}", 403), ("tokens/t1", "{}", 403),
                ("vm_flavours/f2", #"{"name": "a/b"}"#, 422), ("nothing/x", "{}", 422),
            ] {
                let reply = try await server.send(
                    "POST", "/api/v1/transactions", transact(path, record), as: .operate)
                #expect(reply.status == status, "\(path)")
            }
        }
    }

    @Test func whatHappenedIsListedByVMByHostAndSinceATime() async throws {
        try await LiveServer.run { server in
            try await fill(server)
            func words(_ query: String) async throws -> JSONValue {
                let reply = try await server.send("GET", "/api/v1/changes?\(query)", as: .viewer)
                return .array(
                    try DocumentPath(".items[*].event").values(in: try reply.json))
            }
            #expect(try await words("vm=web") == .array([.string("created")]))
            #expect(try await words("vm=web&since=2100-01-01T00:00:00Z") == .array([]))
            #expect(
                try await words("")
                    == .array([.string("created"), .string("created"), .string("created")]))
            for (query, status) in [
                ("since=yesterday", 400), ("vm=nobody", 404), ("host=nowhere", 404),
            ] {
                let reply = try await server.send("GET", "/api/v1/changes?\(query)", as: .viewer)
                #expect(reply.status == status, "\(query)")
            }
        }
    }

    @Test func theDescriptionNamesEveryRouteAndTheAnswersComeInThreeForms() async throws {
        try await LiveServer.run { server in
            let reply = try await server.send("GET", "/api/openapi.json")
            guard case .object(let document) = try reply.json,
                case .object(let paths)? = document["paths"]
            else {
                Issue.record("no description")
                return
            }
            #expect(paths.keys.contains("/api/v1/vms/{vm}"))
            let forms: [(String, Int)] = [
                ("application/json", 200), ("application/msgpack", 200), ("text/html", 200),
                ("image/png", 406),
            ]
            for (type, status) in forms {
                let answer = try await server.send(
                    "GET", "/api/v1/hosts", as: .viewer, headers: ["Accept": type])
                #expect(answer.status == status, "\(type)")
            }
        }
    }
}
