import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackWeb

/// The switch for takeovers, and the sharing of load.
@Suite(.serialized) struct OperationTests {
    @Test func takeoversAreDisarmedAndArmedOnTheOverview() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            #expect(try await client.get("/").text.contains("Takeovers are armed."))
            let off = try await client.submit(
                "/takeover/disarm", ["reason": " new <switches> "], from: "/")
            #expect(off.status == 303 && off.headers["location"] == "/")
            let stored = try #require(try await server.store.load().takeoverSwitch?.value)
            #expect(stored.state == .disarmed && stored.reason == "new <switches>")
            #expect(stored.at != nil)
            let text = try await client.get("/").text
            #expect(text.contains(#"<span class="state bad">Takeovers are disarmed for"#))
            #expect(text.contains(": new &lt;switches&gt;.</span>"))
            #expect(text.contains(#"id="arm""#) && !text.contains(#"id="disarm""#))
            #expect(try await client.submit("/takeover/arm", [:], from: "/").status == 303)
            let armed = try await server.store.load().takeoverSwitch?.value
            #expect(armed?.state == .armed && armed?.reason == nil)
            // Each write of it tells those that hold back to go on.
            let before = try await server.store.load().takeoverSwitch?.revision
            #expect(try await client.submit("/takeover/arm", [:], from: "/").status == 303)
            #expect(try await server.store.load().takeoverSwitch?.revision != before)
        }
    }

    @Test func aReasonThatIsTooLongIsRefusedBesideItsField() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            let long = String(repeating: "x", count: 501)
            let reply = try await client.submit("/takeover/disarm", ["reason": long], from: "/")
            #expect(reply.status == 422 && reply.text.contains("it may have 500"))
            #expect(reply.text.contains(#"<details id="disarm-details" open>"#))
            #expect(reply.text.contains(#"value="\#(long)""#))
            #expect(try await server.store.load().takeoverSwitch == nil)
        }
    }

    /// Eight VMs on one of two hosts.
    private static func loaded(_ server: LiveServer) async throws {
        try await server.fill()
        try await server.importImage()
        for (name, used) in [("a", 8), ("b", 0)] {
            var host = try Host.sample(name)
            (host.totalVCPU, host.usedVCPU) = (2, used)
            host.totalRAM = try Mebibytes(1024)
            host.usedRAM = try Mebibytes(64 * used)
            try await server.put(.host(HostID(unchecked: name)), host)
        }
        for number in 1...7 {
            try await server.putVM("vm\(number)", id: "w\(number)", on: "a")
        }
    }

    @Test func thePlanIsShownFirstAndThenDone() async throws {
        try await LiveServer.run { server in
            try await Self.loaded(server)
            let client = try await PageClient.loggedIn(.operate, server)
            func orders() async throws -> [HostID] {
                try await server.store.load().desiredVMs.values.compactMap {
                    $0.value.moves.order?.to
                }
            }
            let page = try await client.get("/rebalance?at_most=2")
            #expect(page.text.contains("Move these 2 VMs"))
            #expect(page.text.contains("fuller than the emptiest, then"))
            #expect(try await orders().isEmpty)
            let plan = try #require(page.text.firstMatch(of: /name="plan" value="([^"]+)"/)?.1)
            let done = try await client.submit(
                "/rebalance", ["plan": String(plan), "at_most": "2"], from: "/rebalance")
            #expect(done.status == 303 && done.headers["location"] == "/events")
            #expect(
                try await orders() == [HostID(unchecked: "b"), HostID(unchecked: "b")])
        }
    }

    @Test func aPlanThatIsAnotherOneMeanwhileIsShownAndNotDone() async throws {
        try await LiveServer.run { server in
            try await Self.loaded(server)
            let client = try await PageClient.loggedIn(.operate, server)
            let page = try await client.get("/rebalance?at_most=2")
            let plan = try #require(page.text.firstMatch(of: /name="plan" value="([^"]+)"/)?.1)
            for fields in [
                ["plan": String(plan), "at_most": "1"], ["plan": "<i>", "at_most": "2"],
                ["at_most": "2"],
            ] {
                let reply = try await client.submit("/rebalance", fields, from: "/rebalance")
                #expect(reply.status == 409, "\(fields)")
                #expect(reply.text.contains("has become another one meanwhile"), "\(fields)")
                #expect(reply.text.contains(#"<button>Move th"#) && !reply.text.contains("<i>"))
            }
            for word in ["0", "many", "1001"] {
                let asked = try await client.get("/rebalance?at_most=\(word)")
                #expect(asked.status == 200 && asked.text.contains(#"aria-invalid="true""#))
                #expect(!asked.text.contains("<button>Move th"))
                let sent = try await client.submit(
                    "/rebalance", ["plan": String(plan), "at_most": word], from: "/rebalance")
                #expect(sent.status == 422, "\(word)")
            }
            let moves = try await server.store.load().desiredVMs.values
            #expect(moves.allSatisfy { $0.value.moves.order == nil })
            let viewer = try await PageClient.loggedIn(.viewer, server)
            let seen = try await viewer.get("/rebalance?at_most=2").text
            #expect(seen.contains("<table id=\"moves\">") && !seen.contains("<button>Move th"))
        }
    }

    @Test func whatWouldBeIsSaidOfAVM() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await server.importImage()
            let client = try await PageClient.loggedIn(.viewer, server)
            for (query, sentence) in [
                ("", "It is on a,"), ("?lost=a", "It would run on b."),
                ("?lost=a,%20b", "No host could run it."),
                ("?lost=zz", "There is no host &quot;zz&quot;, known are a, b."),
                ("?flavour=huge", "There is no flavour &quot;huge&quot;"),
                ("?flavour=tiny", "It would run on"),
            ] {
                let text = try await client.get("/vms/web\(query)").text
                let verdict = try #require(
                    text.firstMatch(of: /<p id="verdict">([^<]*)<\/p>/)?.1)
                #expect(verdict.hasPrefix(sentence), "\(query): \(verdict)")
                let isOpen = text.contains(#"<details id="suppose-details" open>"#)
                #expect(isOpen == !query.isEmpty)
            }
        }
    }

    @Test func theDoctorsFindingsAreShownWithWhatMendsThem() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            var host = try Host.sample("b")
            host.message = "Ceph <is> away"
            try await server.put(.host(HostID(unchecked: "b")), host)
            let client = try await PageClient.loggedIn(.viewer, server)
            let reply = try await client.get("/doctor")
            #expect(reply.status == 200)
            #expect(reply.text.contains("host b takes no VMs: Ceph &lt;is&gt; away"))
            #expect(reply.text.contains("<code>metastack host show b</code>"))
            let groups = reply.text.matches(of: /<h2 id="([a-z]+)-heading">/).map { $0.1 }
            #expect(groups == ["etcd", "ceph", "hosts", "vms", "records", "storage"])
        }
    }
}
