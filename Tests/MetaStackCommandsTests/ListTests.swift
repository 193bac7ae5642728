import ArgumentParser
import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct ListTests {
    /// Three VMs: `web` runs; `db` and `cache` wait for a host that is large enough.
    private static var several: Cluster {
        var cluster = Cluster.running
        cluster.put(
            "desired_vms/v1",
            #"{"name":"web","flavour":"f1","image":"i1","labels":{"app":"shop","tier":"front"}}"#,
            at: 10)
        cluster.put(
            "desired_vms/v2",
            #"{"name":"db","flavour":"f2","image":"i1","labels":{"app":"shop","tier":"back"}}"#,
            at: 20)
        cluster.put("desired_vms/v3", #"{"name":"cache","flavour":"f2","image":"i1"}"#, at: 21)
        return cluster
    }

    private func lines(_ arguments: [String]) async throws -> [String] {
        let screen = try await run(arguments, on: FakeAccess(Self.several))
        return screen.output.split(separator: "\n").map(String.init)
    }

    @Test func namesStandAloneForScripts() async throws {
        #expect(try await lines(["vm", "list", "-o", "name"]) == ["cache", "db", "web"])
        #expect(try await lines(["vm", "show", "v1", "-o", "name"]) == ["web"])
    }

    @Test func aNameThatTwoThingsHaveGivesWayToTheirIDs() async throws {
        var cluster = Self.several
        cluster.put("desired_vms/v4", #"{"name":"web","flavour":"f1","image":"i1"}"#, at: 30)
        let screen = try await run("vm", "list", "-o", "name", on: FakeAccess(cluster))
        #expect(screen.output == "cache\ndb\nv1\nv4\n")
    }

    @Test(arguments: [
        ("app=shop", ["db", "web"]), ("app!=shop", ["cache"]), ("tier", ["db", "web"]),
        ("!tier", ["cache"]), ("app=shop,tier=back", ["db"]),
    ])
    func picksByLabels(selector: String, names: [String]) async throws {
        #expect(try await lines(["vm", "list", "-o", "name", "-l", selector]) == names)
    }

    @Test func severalSelectorsMustAllHold() async throws {
        let found = try await lines([
            "vm", "list", "-o", "name", "-l", "app=shop", "--selector", "tier=front",
        ])
        #expect(found == ["web"])
    }

    @Test func aLabelThatNothingHasIsPointedOut() async throws {
        let screen = try await run(
            "vm", "list", "-l", "teir=back", on: FakeAccess(Self.several))
        #expect(screen.errors == "metastack: no vm has a label teir, did you mean tier?\n")
        #expect(screen.output.split(separator: "\n").count == 1)
    }

    @Test(arguments: [
        ("name", ["cache", "db", "web"]), ("-name", ["web", "db", "cache"]),
        ("state,-name", ["db", "cache", "web"]),
        (".desired.record.labels.tier", ["db", "web", "cache"]),
    ])
    func sortsByColumnsAndPaths(field: String, names: [String]) async throws {
        #expect(try await lines(["vm", "list", "-o", "name", "--sort-by", field]) == names)
    }

    @Test func numbersAreSortedAsNumbers() async throws {
        let screen = try await run(
            "flavour", "list", "-o", "name", "--sort-by", "ram", on: FakeAccess(.ready))
        #expect(screen.output == "tiny\nhuge\n")
    }

    @Test func anUnknownColumnIsUsageWithAGuess() async {
        let report = await failure("vm", "list", "--sort-by", "stat", on: FakeAccess(.running))
        #expect(report?.status == .usage)
        #expect(report?.errors == "metastack: vms have no column \"stat\", did you mean state?")
    }

    @Test func aWideTableHasEveryColumn() async throws {
        let narrow = try await lines(["vm", "list"])
        let wide = try await lines(["vm", "list", "-o", "wide"])
        #expect(!narrow[0].contains("LABELS"))
        let headings = wide[0].split(separator: " ").map(String.init)
        #expect(headings.contains("ID") && headings.contains("LABELS"))
        #expect(headings.last == "MESSAGE")
        #expect(wide[3].contains("app=shop,tier=front"))
    }

    @Test func newThingsHaveTheLabelsThatWereGiven() async throws {
        let access = FakeAccess(.ready)
        _ = try await run(
            "vm", "create", "a", "--flavour", "tiny", "--image", "debian", "--label", "app=shop",
            "--label", "tier=", on: access)
        let labels = access.cluster.desiredVMs[VMID(unchecked: "new-id")]?.value.labels
        #expect(labels == ["app": "shop", "tier": ""])
    }
}

@Suite struct WatchTests {
    @Test func aRowIsShownAgainAsItChanges() async throws {
        var cluster = Cluster.running
        cluster.claim("starting")
        let access = FakeAccess(
            cluster,
            later: [
                { $0.claim("running") },
                { $0.put("hosts/n9", #"{"name":"n9","total_ram":1,"total_vcpu":1}"#, at: 40) },
                { $0.remove("desired_vms/v1") }, { $0.remove("actual_vms/v1") },
                { $0.remove("volumes/v1.root") },
            ], ends: true)
        let screen = try await run("vm", "list", "--watch", on: access)
        let states = screen.output.split(separator: "\n").map { line in
            line.split(separator: " ").prefix(2).joined(separator: " ")
        }
        #expect(
            states == [
                "NAME STATE", "web starting", "web running", "v1 deleting",
                "v1 deleting", "v1 gone",
            ])
    }

    @Test func rowsStayBelowTheirHeadings() async throws {
        let access = FakeAccess(
            .running, later: [{ $0.claim("failed", message: "no disk") }], ends: true)
        let screen = try await run("vm", "list", "-w", on: access)
        let lines = screen.output.split(separator: "\n")
        let column = lines[0].range(of: "HOST").map { lines[0].distance(to: $0.lowerBound) }
        #expect(column != nil)
        for line in lines.dropFirst() {
            #expect(line.range(of: "n1").map { line.distance(to: $0.lowerBound) } == column)
        }
    }

    @Test func programsGetOneDocumentAfterTheOther() async throws {
        let access = FakeAccess(
            .running, later: [{ $0.claim("failed", message: "no disk") }], ends: true)
        let screen = try await run("vm", "list", "--watch", "-o", "json", on: access)
        let documents = screen.output.replacing("}\n{", with: "}\u{0}{").split(separator: "\u{0}")
        let statuses = try documents.map { text -> JSONValue? in
            let value = try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
            guard case .object(let fields) = value else { return nil }
            return fields["status"]
        }
        #expect(statuses == [.string("running"), .string("failed")])
    }

    @Test func aThingIsShownAgainUntilItIsGone() async throws {
        let access = FakeAccess(
            .running,
            later: [
                { $0.claim("paused") }, { $0.put("images/i7", "{}", at: 50) },
                { $0.remove("desired_vms/v1") }, { $0.remove("actual_vms/v1") },
                { $0.remove("volumes/v1.root") },
            ])
        let screen = try await run("vm", "show", "web", "--watch", on: access)
        #expect(screen.output.ranges(of: "vm web (v1)").count == 2)
        #expect(screen.output.hasSuffix("web is gone\n"))
    }
}

extension Substring {
    fileprivate func distance(to index: Index) -> Int { distance(from: startIndex, to: index) }
}
