import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct SettingTests {
    @Test func aSettingThatNodesKnowIsChangedFieldByField() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            let moves = try await client.get("/config/moves")
            #expect(moves.text.contains("Nobody has set it."))
            #expect(moves.text.contains(#"name="per_host" type="number" value="2""#))
            let saved = try await client.submit(
                "/config/moves",
                [
                    "per_host": "5", "per_cluster": "",
                    "revision": try moves.revision(of: "setting"),
                ],
                from: "/config/moves")
            #expect(saved.status == 303 && saved.headers["location"] == "/config/moves")
            let cluster = try await server.store.load()
            #expect(cluster.moveLimits?.value == MoveLimits(perHost: 5))

            let policy = try await client.submit(
                "/config/rebalance",
                ["state": "on", "threshold_percent": "30", "at_most": "9", "revision": "none"],
                from: "/config/rebalance")
            #expect(policy.status == 303)
            #expect(
                try await server.store.load().rebalancePolicy?.value
                    == RebalancePolicy(state: .on, threshold: 30, atMost: 9))
            let log = try await client.submit(
                "/config/syslog_server", ["server": "udp://10.0.0.9:514", "revision": "none"],
                from: "/config/syslog_server")
            #expect(log.status == 303)
            let list = try await client.get("/config").text
            for text in [
                #"<a href="/config/moves">moves</a>"#, "&quot;per_host&quot;:5",
                "udp://10.0.0.9:514", #"<a href="/config/other">other</a>"#,
            ] {
                #expect(list.contains(text), "\(text)")
            }
        }
    }

    @Test func whatIsWrongIsSaidByField() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            for (path, fields, field, sentence) in [
                ("moves", ["per_host": "0"], "per_host", "use a number from 1 to 1000"),
                ("moves", ["per_cluster": "many"], "per_cluster", "is no whole number"),
                (
                    "rebalance", ["threshold_percent": "101"], "threshold_percent",
                    "use a number from 1 to 100"
                ),
                ("syslog_server", ["server": "ftp://x"], "server", "udp://host:port"),
                ("syslog_server", ["server": ""], "server", "is missing"),
                ("takeover", ["state": "sideways"], "state", "it is armed or disarmed"),
                (
                    "takeover",
                    ["state": "armed", "reason": String(repeating: "x", count: 501)], "reason",
                    "it may have 500"
                ),
            ] {
                let reply = try await client.submit(
                    "/config/\(path)", fields.merging(["revision": "none"]) { $1 },
                    from: "/config/\(path)")
                #expect(reply.status == 422, "\(path) \(fields)")
                let shown = try #require(
                    reply.text.split(separator: #"<div class="field">"#).first {
                        $0.contains(#"id="setting-\#(field)""#)
                    })
                #expect(shown.contains(#"aria-invalid="true""#), "\(path) \(fields)")
                #expect(shown.contains(sentence), "\(path) \(fields): \(shown)")
            }
            let cluster = try await server.store.load()
            #expect(cluster.moveLimits == nil && cluster.rebalancePolicy == nil)
            #expect(cluster.syslogServer == nil && cluster.takeoverSwitch == nil)
        }
    }

    @Test func anotherSettingIsJSONAndIsRemoved() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            for (fields, status, sentence) in [
                (["id": "mine", "record": "{x"], 422, "it must be a JSON object"),
                (["id": "mine", "record": "[1]"], 422, "it must be a JSON object"),
                (["id": "a/b", "record": "{}"], 422, "is not allowed"),
                (["id": "", "record": "{}"], 422, "name"),
                (["id": "other", "record": "{}"], 409, "is a config other already"),
                (["id": "moves", "record": #"{"per_host":0}"#], 422, "from 1 to 1000"),
            ] {
                let reply = try await client.submit("/config", fields, from: "/config")
                #expect(reply.status == status, "\(fields): \(reply.status)")
                #expect(reply.text.contains(sentence), "\(fields): \(reply.text)")
                #expect(reply.text.contains(#"<details id="add-details" open>"#), "\(fields)")
            }
            let made = try await client.submit(
                "/config", ["id": "mine", "record": #"{"a": {"b": "<i>"}}"#], from: "/config")
            #expect(made.status == 303 && made.headers["location"] == "/config/mine")
            let page = try await client.get("/config/mine")
            #expect(page.text.contains("&lt;i&gt;") && !page.text.contains("<i>"))
            let saved = try await client.submit(
                "/config/mine",
                ["record": #"{"c": 1}"#, "revision": try page.revision(of: "setting")],
                from: "/config/mine")
            #expect(saved.status == 303)
            let record = try await server.store.load().globalConfig["mine"]?.value
            #expect(record?.rest == ["c": .integer(1)])
            // The form of before has shown another record.
            let late = try await client.submit(
                "/config/mine",
                ["record": "{}", "revision": try page.revision(of: "setting")],
                from: "/config/mine")
            #expect(late.status == 409 && late.text.contains("changed by somebody else"))
            let kept = try await client.submit(
                "/config/mine/delete", ["revision": try page.revision(of: "unset")],
                from: "/config/mine")
            #expect(kept.status == 409)
            let gone = try await client.submit(
                "/config/mine/delete",
                ["revision": try await client.get("/config/mine").revision(of: "unset")],
                from: "/config/mine")
            #expect(gone.status == 303 && gone.headers["location"] == "/config")
            #expect(try await server.store.load().globalConfig["mine"] == nil)
        }
    }

    @Test func aSettingThatCannotBeReadSaysSoAndIsReplaced() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            try await server.putText("global_config/moves", #"{"per_host": "<b>"}"#)
            let client = try await PageClient.loggedIn(.operate, server)
            let page = try await client.get("/config/moves")
            #expect(page.text.contains("record global_config/moves is malformed"))
            #expect(!page.text.contains("<b>"))
            let saved = try await client.submit(
                "/config/moves", ["per_host": "3", "revision": try page.revision(of: "setting")],
                from: "/config/moves")
            #expect(saved.status == 303)
            #expect(try await server.store.load().moveLimits?.value == MoveLimits(perHost: 3))
        }
    }
}
