import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct PageTests {
    static let paths = [
        "/", "/vms", "/vms/web", "/hosts", "/hosts/a", "/images", "/flavours", "/events",
        "/rebalance", "/doctor", "/config", "/config/moves", "/config/takeover",
        "/config/rebalance", "/config/syslog_server", "/config/other",
    ]

    @Test func everyPageIsWholeWithoutScript() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.admin, server)
            for path in Self.paths + ["/vms/new", "/vms/web/edit", "/tokens"] {
                let reply = try await client.get(path)
                #expect(reply.status == 200, "\(path)")
                #expect(reply.text.hasPrefix("<!doctype html>"), "\(path)")
                #expect(reply.text.contains("</html>") && reply.text.contains("<h1>"), "\(path)")
                #expect(!reply.text.contains("{{"), "\(path)")
                #expect(!reply.text.contains("Optional("), "\(path)")
            }
            #expect(try await client.get("/").text.contains("<strong>1</strong>"))
            let menu = try await client.get("/").text.matches(of: /<li><a href="([^"]+)"[^>]*>/)
            #expect(menu.map { String($0.1) }.contains("/tokens"))
            #expect(try await client.get("/vms").text.contains(#"<a href="/vms/web">web</a>"#))
            let vm = try await client.get("/vms/web").text
            #expect(vm.contains(#"<span class="state good">running</span>"#))
            #expect(vm.contains(#"<a href="/hosts/a">a</a>"#))
            #expect(vm.contains("&quot;flavour&quot; : &quot;f1&quot;"))
            #expect(try await client.get("/hosts/a").text.contains(#"<a href="/vms/web">"#))
        }
    }

    @Test func nothingIsInlineAndNothingComesFromElsewhere() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            for path in Self.paths + ["/login", "/vms/new", "/nothing/here", "/vms/none"] {
                let reply = try await client.get(path)
                let policy = try #require(reply.headers["content-security-policy"], "\(path)")
                #expect(!policy.contains("unsafe") && policy.contains("default-src 'none'"))
                #expect(policy.contains("script-src 'self'"))
                #expect(reply.headers["x-frame-options"] == "DENY")
                let isInline = reply.text.contains(
                    /<style|style="|<script>|\son[a-z]+="|(src|href)="(https?:)?\/\//)
                #expect(!isInline, "\(path)")
            }
        }
    }

    @Test func aViewerSeesNoFormsAndMaySendNone() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let viewer = try await PageClient.loggedIn(.viewer, server)
            for path in Self.paths {
                let text = try await viewer.get(path).text
                let posts = text.split(separator: "<form method=\"post\"").dropFirst()
                    .filter { !$0.hasPrefix(" action=\"/logout\"") }
                // The one of logging out names its class first.
                #expect(posts.isEmpty, "\(path)")
            }
            for path in ["/vms/new", "/vms/web/edit"] {
                #expect(try await viewer.get(path).status == 403, "\(path)")
            }
            for path in [
                "/vms/new", "/vms/web/stop", "/vms/web/delete", "/hosts/a/maintenance",
                "/hosts/a/edit", "/takeover/arm", "/takeover/disarm", "/rebalance", "/config",
                "/config/moves", "/config/moves/delete",
            ] {
                let reply = try await viewer.submit(path, ["name": "web"], from: "/")
                #expect(reply.status == 403, "\(path)")
                #expect(reply.text.contains("this needs the role operator"), "\(path)")
            }
            let cluster = try await server.store.load()
            #expect(cluster.desiredVMs.count == 1 && cluster.desiredHosts.isEmpty)
            #expect(cluster.takeoverSwitch == nil && cluster.moveLimits == nil)
        }
    }

    @Test func aNameThatNothingHasIsAPageThatSaysSo() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            for path in [
                "/vms/wob", "/hosts/z", "/vms/v", "/vms/%3Cscript%3E/edit", "/config/none",
                "/config/%3Cscript%3E",
            ] {
                let reply = try await client.get(path)
                #expect(reply.status == 404, "\(path)")
                #expect(reply.headers["content-type"]?.hasPrefix("text/html") == true, "\(path)")
                #expect(reply.text.contains("There is no "), "\(path)")
                #expect(!reply.text.contains("<script>"), "\(path)")
            }
        }
    }

    @Test func aPathThatLeadsNowhereIsAPageForPeopleAndAProblemForPrograms() async throws {
        try await LiveServer.run { server in
            let client = PageClient(server: server)
            let page = try await client.send("GET", "/x", headers: ["Accept: text/html"])
            #expect(page.status == 404 && page.text.contains("There is no page at this address."))
            for (path, accept) in [("/x", "*/*"), ("/api/v1/x", "text/html")] {
                let problem = try await client.send("GET", path, headers: ["Accept: \(accept)"])
                #expect(problem.headers["content-type"] == "application/problem+json", "\(path)")
            }
        }
    }

    /// Anybody who may write to etcd may write anything there.
    @Test func hostileTextsAreShownAndNeverRun() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let hostile = #"<script>alert(1)</script>"><img src=x onerror="alert(2)">' "#
            try await server.putVM("evil", id: "v2", on: "a", message: hostile)
            var host = try Host.sample("a")
            host.message = hostile
            host.version = hostile
            host.labels = [hostile: hostile]
            try await server.put(.host(HostID(unchecked: "a")), host)
            try await server.put(
                .desiredHost(HostID(unchecked: "b")),
                DesiredHost(state: .maintenance, reason: hostile))
            try await server.put(
                .history(VMID(unchecked: "v2")),
                VMHistory(
                    vmCreateRevision: Revision(1), host: HostID(unchecked: hostile),
                    incarnation: Revision(1), lastExit: hostile))
            try await server.put(
                TakeoverSwitch.key, TakeoverSwitch(state: .disarmed, reason: hostile))
            try await server.put(
                .globalConfig("other"), GlobalConfig(rest: [hostile: .string(hostile)]))
            let client = try await PageClient.loggedIn(.operate, server)
            let paths =
                Self.paths + ["/vms/evil", "/vms/evil/edit", "/hosts/b", "/vms/new"]
                + ["/vms?q=\(hostile.pathSegment)&state=\(hostile.pathSegment)"]
                + ["/vms?labels=\(hostile.pathSegment)", "/login?next=\(hostile.pathSegment)"]
                + ["/vms/\(hostile.pathSegment)", "/events?vm=\(hostile.pathSegment)"]
                + ["/vms/web?lost=\(hostile.pathSegment)&flavour=\(hostile.pathSegment)"]
                + ["/rebalance?at_most=\(hostile.pathSegment)", "/events?vm=evil"]
            var shown = 0
            for path in paths {
                let text = try await client.get(path).text
                #expect(!text.contains("<script>alert"), "\(path)")
                #expect(!text.contains("<img"), "\(path)")
                #expect(!text.contains("onerror=\""), "\(path)")
                if text.contains("&lt;script&gt;alert(1)") { shown += 1 }
            }
            #expect(shown > 14)
        }
    }

    @Test func theListIsFilteredAndPutInOrderByItsAddress() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await server.putVM("db", id: "v2", on: "b", labels: ["tier": "back"])
            try await server.putVM("lost", id: "v3")
            let client = try await PageClient.loggedIn(.viewer, server)
            for (query, names) in [
                ("", ["db", "lost", "web"]), ("?q=DB", ["db"]), ("?q=tiny+run", ["db", "web"]),
                ("?state=running&host=a", ["web"]), ("?labels=tier%3Dback", ["db"]),
                ("?sort=-name", ["web", "lost", "db"]), ("?sort=nonsense", ["db", "lost", "web"]),
                ("?rows=v2,none", ["db"]), ("?q=nothing+has+this", []),
            ] {
                let text = try await client.get("/vms\(query)").text
                let shown = text.matches(of: /data-name="([^"]+)"/).map { String($0.1) }
                #expect(shown == names, "\(query)")
            }
            let wrong = try await client.get("/vms?labels=%3D")
            #expect(wrong.status == 200 && wrong.text.contains(#"role="alert""#))
        }
    }
}
