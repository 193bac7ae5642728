import ArgumentParser
import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct DoctorCommandTests {
    /// A cluster of one host that lacks nothing.
    private static var well: Cluster {
        var cluster = Cluster.running
        cluster.put(
            "hosts/n1",
            #"{"name":"n1","total_ram":8192,"total_vcpu":4,"version":"0.1.0","#
                + #""pools":["vms","images"]}"#, at: 20, lease: 7)
        return cluster
    }

    @Test func whereAllIsWellItSaysSoAndSucceeds() async throws {
        let screen = try await run("doctor", on: FakeAccess(Self.well))
        #expect(screen.output.hasSuffix("\nnothing is wrong\n"))
        #expect(screen.output.contains("RECORDS: ok ("))
    }

    @Test func aProblemIsShownWithWhatMendsItAndIsTheExitStatus() async throws {
        var cluster = Self.well
        cluster.put("desired_vms/bad", "nonsense", at: 30)
        let screen = FakeScreen()
        let report = await failure(["doctor"], on: FakeAccess(cluster), screen: screen)
        #expect(report?.status == .failed && report?.errors.isEmpty == true)
        #expect(
            screen.output.contains(
                """
                RECORDS:
                  problem  record desired_vms/bad is malformed: it is no JSON object \
                (key /metastack/desired_vms/bad)
                     do:  metastack vm delete bad
                """))
        #expect(screen.output.hasSuffix("\n1 problem\n"))
    }

    @Test func aNoticeIsNoProblem() async throws {
        var cluster = Self.well
        cluster.put("desired_hosts/n1", #"{"state":"maintenance"}"#, at: 30)
        let screen = try await run("doctor", on: FakeAccess(cluster))
        #expect(screen.output.hasSuffix("\n1 notice\n"))
        #expect(screen.output.contains("do:  metastack host ready n1\n"))
    }

    @Test func programsGetTheChecks() async throws {
        let screen = try await run("doctor", "-o", "json", on: FakeAccess(Self.well))
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(screen.output.utf8))
        #expect(try DocumentPath(".healthy").values(in: value) == [.bool(true)])
        #expect(try DocumentPath(".checks[*].name").values(in: value).count > 20)
        #expect(await failure("doctor", "web", on: FakeAccess(Self.well))?.status == .usage)
    }
}
