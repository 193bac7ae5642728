import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

@testable import MetaStackWeb

@Suite(.serialized) struct HostFormTests {
    private static let a = HostID(unchecked: "a")

    @Test func labelsAndOvercommitAreWhatTheCommandLineSets() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            func wanted() async throws -> DesiredHost? {
                try await server.store.load().desiredHosts[Self.a]?.value
            }
            let page = try await client.get("/hosts/a")
            #expect(page.text.contains(#"name="vcpu_overcommit" type="text" value="8""#))
            let first = try await client.submit(
                "/hosts/a/edit",
                [
                    "labels": "rack=7,disk=ssd", "vcpu_overcommit": "2.5", "ram_overcommit": "1.5",
                    "revision": try page.revision(of: "edit"),
                ], from: "/hosts/a")
            #expect(first.status == 303 && first.headers["location"] == "/hosts/a")
            #expect(
                try await wanted()
                    == DesiredHost(
                        labels: ["rack": "7", "disk": "ssd"], vcpuOvercommit: try Overcommit(2.5),
                        ramOvercommit: try Overcommit(1.5)))
            let changed = try await client.get("/hosts/a")
            #expect(changed.text.contains("disk=ssd,rack=7"))
            #expect(changed.text.contains("2.5 for vcpus, 1.5 for ram"))
            // What is left empty has its default again, and a label that is left out goes.
            let second = try await client.submit(
                "/hosts/a/edit",
                [
                    "labels": "rack=8", "vcpu_overcommit": "", "ram_overcommit": "",
                    "revision": try changed.revision(of: "edit"),
                ], from: "/hosts/a")
            #expect(second.status == 303)
            #expect(try await wanted() == DesiredHost(labels: ["rack": "8"]))
        }
    }

    @Test func whatIsWrongStandsBesideItsField() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            for (change, field, sentence) in [
                (["vcpu_overcommit": "many<"], "edit-vcpu_overcommit", "is no number"),
                (["vcpu_overcommit": "0"], "edit-vcpu_overcommit", "use a number from 0.1 to 64"),
                (["ram_overcommit": "65"], "edit-ram_overcommit", "use a number from 0.1 to 64"),
                (["ram_overcommit": "nan"], "edit-ram_overcommit", "is no number"),
                (["labels": "nonsense"], "edit-labels", "is no label"),
            ] {
                let fields = [
                    "labels": "a=b", "vcpu_overcommit": "8", "ram_overcommit": "1",
                    "revision": "none",
                ]
                let reply = try await client.submit(
                    "/hosts/a/edit", fields.merging(change) { $1 }, from: "/hosts/a")
                #expect(reply.status == 422, "\(change)")
                let input = try #require(
                    reply.text.split(separator: "<input").first {
                        $0.contains(#"id="\#(field)""#)
                    })
                #expect(input.contains(#"aria-invalid="true""#), "\(change)")
                #expect(input.contains(sentence), "\(change): \(input)")
                #expect(!reply.text.contains("many<"))
                #expect(reply.text.contains(#"<details id="edit-details" open>"#), "\(change)")
            }
            #expect(try await server.store.load().desiredHosts.isEmpty)
        }
    }

    @Test func aChangeOverSomebodyElsesIsRefused() async throws {
        try await LiveServer.run { server in
            try await server.fill()
            let client = try await PageClient.loggedIn(.operate, server)
            let fields = ["labels": "mine=1", "vcpu_overcommit": "8", "ram_overcommit": "1"]
            let before = try await client.get("/hosts/a").revision(of: "edit")
            #expect(before == "none")
            try await server.put(.desiredHost(Self.a), DesiredHost(labels: ["theirs": "1"]))
            for seen in [before, "1", ""] {
                let reply = try await client.submit(
                    "/hosts/a/edit", fields.merging(["revision": seen]) { $1 }, from: "/hosts/a")
                #expect(reply.status == (seen.isEmpty ? 400 : 409), "\(seen)")
            }
            let without = try await client.submit("/hosts/a/edit", fields, from: "/hosts/a")
            #expect(without.status == 400)
            #expect(
                try await server.store.load().desiredHosts[Self.a]?.value.labels == ["theirs": "1"])
        }
    }
}

extension PageClient.Reply {
    /// What a form of the page says that it has shown.
    func revision(of formID: String) throws -> String {
        let form = text.split(separator: "<form").first { $0.contains(#"id="\#(formID)""#) }
        guard let found = form?.firstMatch(of: /name="revision" value="([^"]+)"/) else {
            throw TestingError("form \(formID) names no revision")
        }
        return String(found.1)
    }
}
