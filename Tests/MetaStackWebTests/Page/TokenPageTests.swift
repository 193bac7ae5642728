import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct TokenPageTests {
    @Test func aTokensSecretIsShownOnceAndOpensTheDoor() async throws {
        try await LiveServer.run { server in
            let admin = try await PageClient.loggedIn(.admin, server)
            let made = try await admin.submit(
                "/tokens", ["name": "bot", "role": "operator", "expires": "2h"], from: "/tokens")
            #expect(made.status == 200)
            #expect(made.headers["cache-control"] == "no-store")
            let secret = try #require(
                made.text.firstMatch(of: /id="secret">(mst_[A-Za-z0-9_-]+)</)?.1)
            #expect(
                try await server.send("GET", "/api/v1/vms", token: String(secret)).status == 200)
            let tokens = try await server.store.load().tokens
            let token = try #require(tokens.first { $0.value.value.name.text == "bot" })
            #expect(token.value.value.role == .operate)
            let life =
                (token.value.value.expiresAt?.milliseconds ?? 0)
                - (token.value.value.createdAt?.milliseconds ?? 0)
            #expect(life == 7_200_000)
            let list = try await admin.get("/tokens").text
            #expect(list.contains("bot (operator, \(token.key))"))
            #expect(!list.contains(secret) && !list.contains(token.value.value.hash.description))

            let revoked = try await admin.submit(
                "/tokens/revoke", ["id": token.key.text], from: "/tokens")
            #expect(revoked.status == 303 && revoked.headers["location"] == "/tokens")
            #expect(
                try await server.send("GET", "/api/v1/vms", token: String(secret)).status == 401)
            let again = try await admin.submit(
                "/tokens/revoke", ["id": token.key.text], from: "/tokens")
            #expect(again.status == 404)
        }
    }

    @Test func whatIsWrongIsSaidByField() async throws {
        try await LiveServer.run { server in
            let admin = try await PageClient.loggedIn(.admin, server)
            for (change, status, sentence) in [
                (["name": "a b<"], 422, "is not allowed"), (["name": ""], 422, "name"),
                (["role": "king"], 422, "it is one of viewer, operator, admin"),
                (["expires": "soon"], 422, "write it like 500ms, 5s, 2m or 1h"),
                (["expires": "0s"], 422, "a second is the least"),
                (["expires": "-5m"], 422, "write it like"),
                (["name": "viewer"], 409, "is a token viewer already"),
            ] {
                let fields = ["name": "bot", "role": "viewer", "expires": ""]
                let reply = try await admin.submit(
                    "/tokens", fields.merging(change) { $1 }, from: "/tokens")
                #expect(reply.status == status, "\(change)")
                #expect(reply.text.contains(sentence), "\(change): \(reply.text)")
                #expect(!reply.text.contains("a b<"))
                #expect(
                    reply.text.contains(#"aria-invalid="true""#) == (status == 422), "\(change)")
            }
            #expect(try await server.store.load().tokens.count == 3)
        }
    }

    @Test func tokensAreForAdminsAlone() async throws {
        try await LiveServer.run { server in
            let admin = try await PageClient.loggedIn(.admin, server)
            for role in [AccessToken.Role.viewer, .operate] {
                let client = try await PageClient.loggedIn(role, server)
                #expect(try await !client.get("/").text.contains(#"href="/tokens""#))
                #expect(try await client.get("/tokens").status == 403)
                for (path, fields) in [
                    ("/tokens", ["name": "mine", "role": "admin"]),
                    ("/tokens/revoke", ["id": "admin"]),
                ] {
                    let reply = try await client.submit(path, fields, from: "/")
                    #expect(reply.status == 403, "\(path)")
                    #expect(reply.text.contains("this needs the role admin"), "\(path)")
                }
                // Nor is it told to them what happens to tokens.
                #expect(try await !client.get("/events").text.contains("token viewer"))
            }
            #expect(try await admin.get("/events").text.contains("token viewer"))
            // A forged form has no proof, whoever's browser sends it.
            for (path, fields) in [
                ("/tokens", ["name": "mine", "role": "admin"]),
                ("/tokens/revoke", ["id": "admin"]),
            ] {
                #expect(try await admin.send("POST", path, fields).status == 403, "\(path)")
            }
            #expect(try await server.store.load().tokens.count == 3)
        }
    }
}
