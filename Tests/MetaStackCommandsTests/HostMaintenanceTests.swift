import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

/// Since when a host is in maintenance, however it came there, and where that is shown.
@Suite struct HostMaintenanceTests {
    private static let host = HostID(unchecked: "n1")
    private static let noted = DesiredHost(
        state: .maintenance, reason: "fans", since: now, by: "tester")

    @Test(arguments: [
        ["host", "maintenance", "n1", "--reason", "fans"],
        ["host", "set", "n1", "state=maintenance", "reason=fans"],
    ])
    func theVerbsNoteIt(words: [String]) async throws {
        let access = FakeAccess(.ready)
        try await run(words, on: access)
        #expect(access.cluster.desiredHosts[Self.host]?.value == Self.noted)
        // Another reason is the same maintenance still.
        try await run("host", "set", "n1", "reason=disks", on: access)
        let known = access.cluster.desiredHosts[Self.host]?.value
        #expect(known?.reason == "disks" && known?.since == now && known?.by == "tester")
        try await run("host", "ready", "n1", on: access)
        #expect(access.cluster.desiredHosts[Self.host]?.value == DesiredHost())
    }

    @Test func itIsShown() async throws {
        var cluster = Cluster.ready
        cluster.put(
            "desired_hosts/n1",
            #"{"state":"maintenance","since":"2027-01-12T08:00:00.000Z","by":"ops"}"#, at: 20)
        let access = FakeAccess(cluster)
        let shown = try await run("host", "show", "n1", on: access).output
        #expect(shown.contains("maintenance  since 2027-01-12T08:00:00.000Z (3d), by ops\n"))
        let wide = try await run("host", "list", "-o", "wide", on: access).output
        let lines = wide.split(separator: "\n")
        let heading = try #require(lines.first)
        let column = try #require(heading.firstRange(of: "MAINTENANCE")).lowerBound
        let place = heading.distance(from: heading.startIndex, to: column)
        #expect(lines[1].dropFirst(place).hasPrefix("3d "))
        let json = try await run("host", "show", "n1", "-o", "json", on: access).output
        let document = try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8))
        #expect(document == (try cluster.document(of: Self.host)))
        #expect(json.contains(#""2027-01-12T08:00:00.000Z""#))
    }

    @Test func oneOfAnEarlierVersionIsShownAsNotNoted() async throws {
        var cluster = Cluster.ready
        cluster.put("desired_hosts/n1", #"{"state":"maintenance"}"#, at: 20)
        let shown = try await run("host", "show", "n1", on: FakeAccess(cluster)).output
        #expect(shown.contains("maintenance  since when was not noted\n"))
        let well = try await run("host", "show", "n1", on: FakeAccess(.ready)).output
        #expect(well.contains("maintenance  -\n"))
    }

    @Test func aFileThatSaysNothingOfItChangesNothing() async throws {
        let known = DesiredHost(
            state: .maintenance, reason: "fans", since: Timestamp(milliseconds: 1), by: "ops")
        var cluster = Cluster.ready
        let json = String(decoding: try known.json(), as: UTF8.self)
        cluster.put("desired_hosts/n1", json, at: 20)
        for file in ["{kind: host, name: n1}", "{kind: host, name: n1, state: maintenance}"] {
            let documents = try ApplyDocument.all(
                try #require(YAMLDocuments.read(file, file: "f").first), place: "f")
            let plan = try ApplyPlan(documents, in: cluster, at: now, newID: { "x" })
            #expect(!plan.isNeeded, "\(file)")
        }
    }
}
