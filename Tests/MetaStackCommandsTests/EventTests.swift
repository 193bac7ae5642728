import ArgumentParser
import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct EventCommandTests {
    /// A VM that is told to stop, and a host that goes.
    private static let later: [@Sendable (inout Cluster) -> Void] = [
        {
            $0.put(
                "desired_vms/v1",
                #"{"name":"web","flavour":"f1","image":"debian","state":"stop","#
                    + #""created_at":"2027-01-15T07:55:00.000Z"}"#, at: 20)
            $0.desiredVMs[VMID(unchecked: "v1")]?.createRevision = Revision(10)
        },
        { $0.remove("hosts/n1") },
    ]

    private func lines(_ text: String) -> [String] {
        text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    }

    @Test func listsWhatHappenedWithItsTimesWhereThereAreAny() async throws {
        let screen = try await run("event", "list", on: FakeAccess(.running, later: Self.later))
        #expect(
            lines(screen.output) == [
                "TIME KIND NAME EVENT DETAIL",
                "2027-01-15T07:00:00.000Z host n1 came metastack-node 0.1.0",
                "2027-01-15T07:55:00.000Z vm web created flavour tiny, image debian",
                "2027-01-15T07:58:00.000Z vm web running on host n1",
                "- vm web changed state start → stop", "- host n1 gone its session ended",
            ])
    }

    @Test func showsThoseOfAVMOfAHostOrSinceATime() async throws {
        let access = FakeAccess(.running, later: Self.later)
        let vm = try await run("event", "list", "--vm", "v1", "-o", "name", on: access)
        #expect(lines(vm.output).count == 3)
        let host = try await run("event", "list", "--host", "n1", on: access)
        #expect(lines(host.output).dropFirst().allSatisfy { !$0.contains("created") })
        #expect(lines(host.output).count == 4)
        // It is 08:00.
        let recent = try await run("event", "list", "--since", "3m", on: access)
        #expect(lines(recent.output).count == 4)
        let moment = try await run("event", "list", "--since", "2027-01-15T07:58:01Z", on: access)
        #expect(lines(moment.output).count == 3)
    }

    @Test func programsGetDocuments() async throws {
        let screen = try await run(
            "event", "list", "--vm", "web", "-o", "json", on: FakeAccess(.running))
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(screen.output.utf8))
        #expect(
            try DocumentPath("[*].event").values(in: value) == [
                .string("created"), .string("running"),
            ])
    }

    @Test(arguments: [
        ["--since", "yesterday"], ["--since", "5w"], ["--since", "0d"], ["--vm", "wep"],
        ["--host", "n7"],
    ])
    func badInputIsToldInASentence(arguments: [String]) async {
        for verb in ["list", "watch"] where verb == "list" || arguments[0] != "--since" {
            let report = await failure(["event", verb] + arguments, on: FakeAccess(.running))
            #expect(report?.status == (arguments[0] == "--since" ? .usage : .notFound))
            #expect(report?.errors.contains(arguments[1]) == true, "\(report?.errors ?? "")")
        }
    }

    @Test func followsWhatHappensWithTheTimeAtWhichItIsSeen() async throws {
        let access = FakeAccess(.running, later: Self.later, ends: true)
        let screen = try await run("event", "watch", on: access)
        #expect(
            lines(screen.output) == [
                "TIME KIND NAME EVENT DETAIL",
                "2027-01-15T08:00:00.000Z vm web changed state start → stop",
                "2027-01-15T08:00:00.000Z host n1 gone its session ended",
            ])
    }

    @Test func programsFollowOneObjectALine() async throws {
        let access = FakeAccess(.running, later: Self.later, ends: true)
        let screen = try await run("event", "watch", "--vm", "web", "-o", "json", on: access)
        let lines = screen.output.split(separator: "\n")
        #expect(lines.count == 1)
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(lines[0].utf8))
        #expect(try DocumentPath(".event").values(in: value) == [.string("changed")])
    }

    @Test func aTextFromARecordCannotPlayWithTheTerminal() async throws {
        let access = FakeAccess(
            .running,
            later: [
                { $0.claim("failed", message: #"\u001b[2Jgone"#) }
            ])
        let screen = try await run("event", "list", on: access)
        #expect(screen.output.contains("failed"))
        #expect(!screen.output.contains("\u{1b}"))
    }
}
