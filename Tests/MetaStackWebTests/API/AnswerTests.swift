import Etcd
import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

/// What the API's answers have besides their documents: headers, pages, problems.
@Suite(.serialized) struct AnswerTests {
    private static let flavour = #"{"name": "tiny", "vcpus": 1, "ram": "64MiB"}"#

    @Test func aWishIsAnsweredWithItsPlaceAndItsETag() async throws {
        try await LiveServer.run { server in
            let client = PageClient(server: server)
            let made = try await client.ask(
                "POST", "/api/v1/flavours", Self.flavour, as: .operate)
            #expect(made.status == 202)
            let place = try #require(made.headers["location"])
            let first = try #require(made.headers["etag"])
            let stored = try #require(try await server.store.load().flavours.first)
            #expect(place == "/api/v1/flavours/\(stored.key)")
            #expect(first == "\"\(stored.value.revision)\"")
            #expect(try await client.ask("GET", place, as: .viewer).headers["etag"] == first)

            let changed = try await client.ask(
                "PATCH", place, #"{"vcpus": 2}"#, as: .operate, headers: ["If-Match: \(first)"])
            let second = try #require(changed.headers["etag"])
            #expect(changed.status == 202 && changed.headers["location"] == place)
            #expect(second != first)
            for (method, body) in [
                ("PUT", Self.flavour), ("PATCH", #"{"vcpus": 3}"#), ("DELETE", nil),
            ] as [(String, String?)] {
                let late = try await client.ask(
                    method, place, body, as: .operate, headers: ["If-Match: \(first)"])
                #expect(late.status == 412, "\(method)")
            }
            #expect(try await client.ask("GET", place, as: .viewer).headers["etag"] == second)
            #expect(try await server.store.load().flavours.first?.value.value.vcpus == 2)

            let gone = try await client.ask(
                "DELETE", place, as: .operate, headers: ["If-Match: \(second)"])
            #expect(gone.status == 202)
            #expect(try await client.ask("GET", place, as: .viewer).status == 404)
        }
    }

    @Test func whatIsReplacedHasNothingOfWhatItWas() async throws {
        try await LiveServer.run { server in
            let client = PageClient(server: server)
            let path = "/api/v1/flavours/f1"
            let labelled = #"{"name": "tiny", "vcpus": 4, "ram": 64, "labels": {"a": "b"}}"#
            #expect(try await client.ask("PUT", path, labelled, as: .operate).status == 202)
            #expect(try await client.ask("PUT", path, Self.flavour, as: .operate).status == 202)
            let stored = try #require(try await server.store.load().flavours.first)
            #expect(stored.key.text == "f1" && stored.value.value.vcpus == 1)
            #expect(stored.value.value.labels.isEmpty)
        }
    }

    @Test func aRefusalIsAProblemThatNamesItsField() async throws {
        try await LiveServer.run { server in
            let client = PageClient(server: server)
            for (field, value) in [
                ("vcpus", "0"), ("ram", #""64 potatoes""#), ("rom", "1"), ("name", #""a b""#),
            ] {
                let good = ["name": #""x""#, "vcpus": "1", "ram": "64"]
                let body =
                    "{"
                    + good.merging([field: value]) { $1 }.map { "\"\($0)\": \($1)" }
                    .joined(separator: ", ") + "}"
                let reply = try await client.ask("POST", "/api/v1/flavours", body, as: .operate)
                #expect(reply.status == 422, "\(body)")
                #expect(reply.headers["content-type"] == "application/problem+json", "\(body)")
                let json = try JSONDecoder().decode(JSONValue.self, from: Data(reply.text.utf8))
                let fields = try DocumentPath(".errors[*].field").values(in: json)
                #expect(fields == [.string(field)], "\(body): \(reply.text)")
            }
        }
    }

    @Test func everyAnswerTellsBrowsersToRunAndLoadNothingOfOthers() async throws {
        try await LiveServer.run { server in
            let client = PageClient(server: server)
            for (path, role) in [
                ("/", nil), ("/login", nil), ("/assets/page.js", nil), ("/livez", nil),
                ("/api", nil), ("/api/openapi.json", nil), ("/nothing", nil),
                ("/api/v1/hosts", nil), ("/api/v1/hosts", .viewer),
                ("/api/v1/tokens", .viewer), ("/api/v1/vms/none", .viewer),
            ] as [(String, AccessToken.Role?)] {
                let reply = try await client.ask("GET", path, as: role)
                let policy = reply.headers["content-security-policy"] ?? ""
                for part in [
                    "default-src 'none'", "script-src 'self'", "style-src 'self'",
                    "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'",
                ] {
                    #expect(policy.contains(part), "\(path): \(part)")
                }
                #expect(!policy.contains("unsafe") && !policy.contains("*"), "\(path)")
                #expect(reply.headers["x-content-type-options"] == "nosniff", "\(path)")
                #expect(reply.headers["x-frame-options"] == "DENY", "\(path)")
                #expect(reply.headers["referrer-policy"] == "no-referrer", "\(path)")
                #expect(
                    reply.headers["cache-control"]
                        == (path.hasPrefix("/assets/") ? "public, max-age=86400" : "no-store"),
                    "\(path)")
            }
        }
    }

    @Test func aListComesInPagesThatLeaveNothingOutAndNothingTwice() async throws {
        try await LiveServer.run { server in
            let all = (1...7).map { "f-\($0)" }
            for name in all.reversed() {
                let flavour = try Flavour(
                    name: try ResourceName(name), vcpus: 1, ram: try Mebibytes(64),
                    labels: name == "f-3" ? ["odd": "yes"] : [:])
                try await server.put(.flavour(FlavourID(unchecked: "id-\(name)")), flavour)
            }
            let path = "/api/v1/flavours?fields=name&limit=3"
            var pages: [[String]] = []
            var mark: String?
            repeat {
                let reply = try await server.send(
                    "GET", path + (mark.map { "&continue=\($0)" } ?? ""), as: .viewer)
                pages.append(try Self.names(reply))
                mark = try DocumentPath(".continue").values(in: try reply.json).first?.text
                // What goes meanwhile, before the mark or behind it, shifts nothing.
                try await server.store.client.delete(
                    .key(Key("/metastack/vm_flavours/id-f-2")))
                try await server.reach(try await server.store.load().revision)
            } while mark != nil
            #expect(pages == [["f-1", "f-2", "f-3"], ["f-4", "f-5", "f-6"], ["f-7"]])

            for query in ["limit=0", "limit=1001", "limit=x", "continue=!!", "continue=QQ"] {
                let reply = try await server.send("GET", "/api/v1/flavours?\(query)", as: .viewer)
                #expect(reply.status == 400, "\(query)")
            }
            for (labels, count) in [("odd%3Dyes", 1), ("!odd", 5), ("odd", 1), ("odd%3Dno", 0)] {
                let reply = try await server.send(
                    "GET", "/api/v1/flavours?labels=\(labels)", as: .viewer)
                #expect(try Self.names(reply).count == count, "\(labels)")
            }
        }
    }

    private static func names(_ reply: LiveServer.Reply) throws -> [String] {
        try DocumentPath(".items[*].name").values(in: try reply.json).compactMap(\.text)
    }

    @Test func aDocumentForABrowserIsEscaped() async throws {
        try await LiveServer.run { server in
            let hostile = "<script>alert(1)</script>"
            try await server.put(
                .desiredHost(HostID(unchecked: "a")),
                DesiredHost(state: .maintenance, reason: hostile))
            let client = PageClient(server: server)
            for path in ["/api/v1/hosts", "/api/v1/hosts/a", "/api/v1/changes"] {
                let reply = try await client.ask(
                    "GET", path, as: .viewer, headers: ["Accept: text/html"])
                #expect(reply.headers["content-type"] == "text/html; charset=utf-8")
                #expect(reply.text.contains("&lt;script&gt;alert(1)"), "\(path)")
                #expect(!reply.text.contains("<script"), "\(path)")
            }
        }
    }

    @Test func theDescriptionForPeopleHasEveryRouteOfTheOneForPrograms() async throws {
        try await LiveServer.run { server in
            guard
                case .object(let document) = try await server.send("GET", "/api/openapi.json").json,
                case .object(let paths)? = document["paths"]
            else { throw TestingError("no description") }
            #expect(document["openapi"]?.text?.hasPrefix("3.1.") == true)
            let page = try await PageClient(server: server).get("/api")
            #expect(page.headers["content-type"] == "text/html; charset=utf-8")
            #expect(paths.count > 30)
            for path in paths.keys { #expect(page.text.contains(path), "\(path)") }
        }
    }
}
