import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct FormTests {
    private static let new = [
        "name": "app", "flavour": "f1", "image": "i1", "host": "", "labels": "app=web, tier=front",
        "restart_policy": "on-failure", "priority": "0", "state": "start",
    ]

    @Test func aNewVMIsTheRecordThatTheCommandLineWrites() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            let reply = try await client.submit("/vms/new", Self.new, from: "/vms/new")
            #expect(reply.status == 303 && reply.headers["location"] == "/vms/app")
            let stored = try await server.store.load().desiredVMs.values.map(\.value)
                .first { $0.name.text == "app" }
            var vm = try #require(stored)
            #expect(vm.rest["created_at"] != nil)
            vm.rest = [:]
            #expect(
                vm
                    == DesiredVM(
                        name: try ResourceName("app"), flavour: "f1", image: "i1", state: .start,
                        labels: ["app": "web", "tier": "front"]))
            #expect(try await client.get("/vms/app").status == 200)
        }
    }

    @Test func withoutTheProofNothingIsWritten() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            let other = try await PageClient.loggedIn(.admin, server)
            let proofs = ["", "x", try #require(try await other.get("/").proof)]
            for proof in proofs {
                for (path, fields) in [
                    ("/vms/new", Self.new), ("/vms/web/stop", [:]), ("/vms/web/start", [:]),
                    ("/vms/web/move", [:]), ("/vms/web/delete", ["name": "web"]),
                    ("/vms/web/edit", ["name": "other", "revision": "1"]),
                    ("/hosts/a/maintenance", [:]), ("/hosts/a/ready", [:]),
                    ("/hosts/a/edit", ["labels": "a=b", "revision": "none"]),
                    ("/takeover/arm", [:]), ("/takeover/disarm", ["reason": "x"]),
                    ("/rebalance", ["plan": "x"]),
                    ("/config", ["id": "mine", "record": "{}"]),
                    ("/config/moves", ["per_host": "1", "revision": "none"]),
                    ("/config/other/delete", ["revision": "1"]),
                    ("/images", ["name": "x", "url": "file:///x"]),
                    ("/images/delete", ["id": "i1"]),
                    ("/flavours", ["name": "x", "vcpus": "1", "ram": "1GiB"]),
                    ("/flavours/delete", ["id": "f1"]),
                    ("/networks", ["name": "x", "kind": "bridge"]),
                    ("/networks/delete", ["id": "n1"]),
                    ("/networks/n1/edit", ["name": "x", "revision": "1"]),
                    ("/security-groups", ["name": "x"]),
                    ("/security-groups/delete", ["id": "g1"]),
                    ("/security-groups/g1/edit", ["name": "x", "revision": "1"]),
                    ("/ssh-keys", ["id": "x", "public_key": "x"]),
                    ("/ssh-keys/delete", ["id": "x"]),
                ] {
                    var fields = fields
                    if !proof.isEmpty { fields["proof"] = proof }
                    let reply = try await client.send("POST", path, fields)
                    #expect(reply.status == 403, "\(path) with \(proof)")
                }
            }
            let cluster = try await server.store.load()
            #expect(cluster.desiredVMs.count == 1 && cluster.desiredHosts.isEmpty)
            #expect(cluster.images.count == 1 && cluster.flavours.count == 1)
            #expect(cluster.networks.isEmpty && cluster.securityGroups.isEmpty)
            #expect(cluster.takeoverSwitch == nil && cluster.moveLimits == nil)
            #expect(cluster.globalConfig.keys.sorted() == ["other"])
            #expect(cluster.desiredVMs.values.first?.value.state == .start)
        }
    }

    @Test func aRefusalStandsBesideItsFieldAndKeepsWhatWasTyped() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            for (change, sentence) in [
                (["name": "a b<"], "is not allowed"),
                (["name": "web"], "there is a vm web already"),
                (["flavour": "huge"], "no flavour"), (["priority": "many"], "no whole number"),
                (["priority": "99999999"], "priority"), (["labels": "nonsense"], "is no label"),
                (["labels": "a/b=c"], "is not allowed"),
                (["host": "../x"], "must begin with a letter"),
                (["restart_policy": "sometimes"], "restart"), (["name": ""], "name"),
            ] {
                let fields = Self.new.merging(change) { $1 }
                let reply = try await client.submit("/vms/new", fields, from: "/vms/new")
                #expect((400..<500).contains(reply.status), "\(change)")
                #expect(reply.text.contains(sentence), "\(change): \(reply.text)")
                #expect(reply.text.contains(#"aria-invalid="true""#), "\(change)")
                #expect(
                    reply.text.contains(#"value="app=web, tier=front""#) || change["labels"] != nil)
            }
            #expect(try await server.store.load().desiredVMs.count == 1)
        }
    }

    @Test func aVMIsStoppedStartedMovedAndDeleted() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            func wanted() async throws -> DesiredVM? {
                try await server.store.load().desiredVMs[VMID(unchecked: "v1")]?.value
            }
            let moved = try await client.submit(
                "/vms/web/move", ["to": "b", "how": "live"], from: "/vms/web")
            #expect(moved.status == 303)
            #expect(try await wanted()?.moves.order?.to == HostID(unchecked: "b"))
            let here = try await client.submit("/vms/web/move", ["to": "a"], from: "/vms/web")
            #expect(here.status == 422 && here.text.contains("is on a already"))
            #expect(here.text.contains(#"<details id="move-details" open>"#))
            #expect(try await client.submit("/vms/web/stop", [:], from: "/vms/web").status == 303)
            #expect(try await wanted()?.state == .stop)
            #expect(try await client.submit("/vms/web/start", [:], from: "/vms/web").status == 303)
            #expect(try await wanted()?.state == .start)
            let unsure = try await client.submit(
                "/vms/web/delete", ["name": "wob"], from: "/vms/web")
            #expect(unsure.status == 422 && unsure.text.contains("type its name, web"))
            #expect(try await wanted() != nil)
            let sure = try await client.submit("/vms/web/delete", ["name": "web"], from: "/vms/web")
            #expect(sure.status == 303 && sure.headers["location"] == "/vms")
            #expect(try await wanted() == nil)
        }
    }

    @Test func aChangeOverSomebodyElsesIsRefused() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let id = VMID(unchecked: "v1")
            try await server.putVM("web", id: "v1", labels: ["old": "x", "kept": "y"])
            let client = try await PageClient.loggedIn(.operate, server)
            let page = try await client.get("/vms/web/edit").text
            let seen = try #require(page.firstMatch(of: /name="revision" value="(\d+)"/)).1
            let fields = Self.new.merging(
                ["name": "web", "revision": String(seen), "labels": "kept=y,new=z"]
            ) { $1 }.filter { $0.key != "state" }
            let saved = try await client.submit("/vms/web/edit", fields, from: "/vms/web/edit")
            #expect(saved.status == 303)
            let record = try #require(try await server.store.load().desiredVMs[id]?.value)
            #expect(record.labels == ["kept": "y", "new": "z"] && record.flavour == "f1")
            let again = try await client.submit("/vms/web/edit", fields, from: "/vms/web/edit")
            #expect(again.status == 409)
            #expect(again.text.contains("was changed by somebody else meanwhile"))
        }
    }

    @Test func hostsImagesAndFlavoursAreWrittenToo() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            let host = HostID(unchecked: "a")
            _ = try await client.submit(
                "/hosts/a/maintenance", ["reason": "new fans"], from: "/hosts/a")
            let wanted = try await server.store.load().desiredHosts[host]?.value
            #expect(wanted?.state == .maintenance && wanted?.reason == "new fans")
            #expect(wanted?.since != nil && wanted?.by == "operator")
            _ = try await client.submit("/hosts/a/ready", [:], from: "/hosts/a")
            #expect(try await server.store.load().desiredHosts[host]?.value == DesiredHost())

            let image = try await client.submit(
                "/images", ["name": "alpine", "url": "https://x.example/a", "format": "raw"],
                from: "/images")
            #expect(image.status == 303)
            let wrong = try await client.submit(
                "/images", ["name": "bad", "url": "ftp://x"], from: "/images")
            #expect(wrong.status == 422 && wrong.text.contains("it must begin with https://"))
            #expect(wrong.text.contains(#"value="ftp://x""#))
            let flavour = try await client.submit(
                "/flavours", ["name": "big", "vcpus": "4", "ram": "8GiB", "disk": ""],
                from: "/flavours")
            #expect(flavour.status == 303)
            let cluster = try await server.store.load()
            #expect(cluster.images.values.contains { $0.value.name.text == "alpine" })
            #expect(cluster.flavours.values.contains { $0.value.ram.count == 8192 })

            let used = try await client.submit("/flavours/delete", ["id": "f1"], from: "/flavours")
            #expect(used.status == 409 && used.text.contains("in use by vm web"))
            let big = try #require(cluster.flavours.first { $0.value.value.name.text == "big" })
            let gone = try await client.submit(
                "/flavours/delete", ["id": big.key.text], from: "/flavours")
            #expect(gone.status == 303)
            #expect(try await server.store.load().flavours.count == 1)
        }
    }
}
