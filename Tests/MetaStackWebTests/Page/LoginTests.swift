import MetaStackModel
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct LoginTests {
    @Test func whoIsNotLoggedInIsAskedToAndComesBack() async throws {
        try await LiveServer.run { server in
            let nobody = PageClient(server: server)
            let refused = try await nobody.get("/vms?q=a%20b")
            #expect(refused.status == 303)
            #expect(refused.headers["location"] == "/login?next=%2Fvms%3Fq%3Da%2520b")
            let form = try await nobody.get("/login?next=%2Fvms%3Fq%3Da%2520b")
            #expect(form.status == 200)
            #expect(form.text.contains(#"name="next" value="/vms?q=a%20b""#))
            let secret = try #require(server.secrets[.viewer])
            let entered = try await nobody.send(
                "POST", "/login", ["token": " \(secret)\n", "next": "/vms?q=a%20b"])
            #expect(entered.status == 303 && entered.headers["location"] == "/vms?q=a%20b")
            #expect(
                entered.headers["set-cookie"]
                    == "metastack_session=\(secret); Path=/; HttpOnly; SameSite=Strict")
        }
    }

    @Test func aWrongTokenIsRefusedAndNotShownAgain() async throws {
        try await LiveServer.run { server in
            let wrong = try #require(server.secrets[.admin]) + "x"
            let client = PageClient(server: server)
            let reply = try await client.send("POST", "/login", ["token": wrong, "next": "/vms"])
            #expect(reply.status == 401 && reply.headers["set-cookie"] == nil)
            #expect(reply.text.contains("That token is not known"))
            #expect(reply.text.contains(#"name="next" value="/vms""#))
            #expect(!reply.text.contains(wrong))
            for _ in 2...LoginThrottle.mostFailures {
                _ = try await client.send("POST", "/login", ["token": wrong])
            }
            #expect(try await client.send("POST", "/login", ["token": wrong]).status == 429)
        }
    }

    @Test func aFormOfAnotherSiteLogsNobodyIn() async throws {
        try await LiveServer.run { server in
            let secret = try #require(server.secrets[.viewer])
            let reply = try await PageClient(server: server).send(
                "POST", "/login", ["token": secret], headers: ["Sec-Fetch-Site: cross-site"])
            #expect(reply.status == 403 && reply.headers["set-cookie"] == nil)
        }
    }

    @Test(arguments: [
        "//evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)", "",
        "evil", "/a b", "/a\r\nX: y", "/\t/evil.example",
    ])
    func aLoginLeadsToNoOtherSite(_ next: String) {
        #expect(LoginRoutes.ownPath(next) == "/")
    }

    @Test func theCookieGoesByTLSAloneWhereTheServerHasIt() {
        #expect(LoginRoutes.cookie("x", isEncrypted: true).hasSuffix("; Secure"))
        #expect(!LoginRoutes.cookie("x", isEncrypted: false).contains("Secure"))
    }

    @Test func ownPathsAreKept() {
        #expect(LoginRoutes.ownPath("/vms?q=a&state=running") == "/vms?q=a&state=running")
    }

    @Test func leavingEndsTheCookieAndNeedsTheProof() async throws {
        try await LiveServer.run { server in
            let client = try await PageClient.loggedIn(.viewer, server)
            #expect(try await client.send("POST", "/logout", [:]).status == 403)
            let left = try await client.submit("/logout", [:], from: "/")
            #expect(left.status == 303 && left.headers["location"] == "/login")
            #expect(left.headers["set-cookie"]?.contains("Max-Age=0") == true)
        }
    }

    @Test func aCookieThatDoesNotHoldIsTakenBack() async throws {
        try await LiveServer.run { server in
            var client = PageClient(server: server)
            client.cookie = "metastack_session=mst_x_y"
            #expect(try await client.get("/").status == 303)
            let form = try await client.get("/login")
            #expect(form.headers["set-cookie"]?.contains("Max-Age=0") == true)
        }
    }
}
