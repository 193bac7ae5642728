import ArgumentParser
import Foundation
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct StatusTests {
    private func findings(_ change: (inout Cluster) -> Void) -> [Finding] {
        var cluster = Cluster.running
        change(&cluster)
        return cluster.findings()
    }

    @Test func metastackAloneShowsTheClusterAtAGlance() async throws {
        let screen = try await run([], on: FakeAccess(.running))
        let lines = screen.output.split(separator: "\n").map {
            $0.split(separator: " ").joined(separator: " ")
        }
        #expect(lines.contains("hosts 1 1 ready"))
        #expect(lines.contains("vms 1 1 running"))
        #expect(lines.contains("ram 8 GiB 0 MiB promised"))
        #expect(lines.last == "nothing is wrong")
        #expect(try await run("status", on: FakeAccess(.running)).output == screen.output)
    }

    @Test func aVMThatFindsNoHostIsToldWithTheReasonAndWhatToDo() throws {
        let found = findings {
            $0.put("desired_vms/v2", #"{"name":"big","flavour":"huge","image":"i1"}"#, at: 14)
        }
        let finding = try #require(found.first)
        #expect(found.count == 1)
        #expect(finding.weight == .problem && finding.ids == ["v2"])
        #expect(finding.text.hasPrefix("vm big is pending: no host can take it: n1: needs 65536"))
        #expect(finding.remedy == "metastack explain big")
    }

    @Test func manyVMsInOneStateForOneReasonAreOneFinding() {
        let found = findings { cluster in
            for number in 1...5 {
                cluster.put(
                    "desired_vms/b\(number)",
                    #"{"name":"b\#(number)","flavour":"huge","image":"i1"}"#, at: 14)
            }
        }
        #expect(found.count == 1)
        #expect(
            found.first?.text.hasPrefix("5 vms (b1, b2, b3 and 2 more) are pending: ") == true)
    }

    @Test func aFailureIsTriedAgainByStarting() {
        let found = findings { $0.claim("failed", message: "no disk") }
        #expect(
            found == [
                Finding(
                    .problem, .vm, ids: ["v1"], "vm web is failed: no disk",
                    remedy: "metastack vm start web")
            ])
    }

    @Test func aRecordThatCannotBeReadIsToldWithTheCommandThatRemovesIt() {
        let found = findings { $0.put("desired_vms/bad", "nonsense", at: 20) }
        #expect(found.map(\.remedy) == ["metastack vm delete bad"])
        #expect(found.first?.text.contains("desired_vms/bad is malformed") == true)
    }

    @Test func anAbsentHostWhoseVMsWaitIsAProblemAndAnotherOneANotice() {
        let found = findings { cluster in
            cluster.put("desired_hosts/n8", #"{"state":"ready"}"#, at: 20)
            cluster.remove("actual_vms/v1")
            cluster.put(
                "vm_history/v1",
                #"{"vm_create_revision":10,"host":"n9","incarnation":11,"clients":["a:0/1"]}"#,
                at: 21)
        }
        #expect(
            found.map(\.text) == [
                "host n9 is absent and 1 VM of its waits for another", "host n8 is absent",
            ])
        #expect(found.map(\.weight) == [.problem, .notice])
    }

    @Test func takeoversThatDoNotHappenAreToldWithTheWayToGoOn() {
        let found = findings { cluster in
            cluster.put("global_config/takeover", #"{"state":"disarmed","reason":"work"}"#, at: 20)
            cluster.put(
                "hosts/n1",
                #"{"name":"n1","total_ram":8192,"total_vcpu":4,"takeovers_held":"a storm"}"#,
                at: 21)
        }
        #expect(
            found.map(\.text) == [
                "takeovers are disarmed: work", "takeovers are held back by n1: a storm",
            ])
        #expect(Set(found.map(\.remedy)) == ["metastack takeover arm"])
    }

    @Test func withoutAHostNothingRuns() {
        #expect(Cluster().findings().map(\.text) == ["no hosts are live"])
    }

    @Test func programsGetCountsAndFindings() async throws {
        let screen = try await run("status", "-o", "json", on: FakeAccess(.running))
        let value = try JSONDecoder().decode(JSONValue.self, from: Data(screen.output.utf8))
        let vms = try DocumentPath(".vms.running").values(in: value)
        #expect(vms == [.integer(1)])
        #expect(try DocumentPath(".findings").values(in: value) == [.array([])])
    }

    @Test(arguments: [
        (["vn", "list"], "there is no command \"vn\" of metastack, did you mean vm?"),
        (["vm", "lst"], "there is no command \"lst\" of metastack vm, did you mean list?"),
        (
            ["host", "qqqq"],
            "there is no command \"qqqq\" of metastack host, use one of list, show"
        ),
    ])
    func aVerbThatThereIsNotIsGuessed(arguments: [String], words: String) async {
        let report = await failure(arguments, on: FakeAccess(.running))
        #expect(report?.status == .usage)
        #expect(report?.errors.hasPrefix("metastack: " + words) == true, "\(report?.errors ?? "")")
    }
}

@Suite struct ConfirmationTests {
    private static let verbs = [
        ["vm", "delete", "web"], ["image", "delete", "spare"], ["flavour", "delete", "huge"],
    ]

    private static var cluster: Cluster {
        var cluster = Cluster.running
        cluster.put("images/i2", #"{"name":"spare","url":"https://example.org/s.img"}"#, at: 20)
        return cluster
    }

    @Test(arguments: verbs)
    func nothingIsDestroyedWithoutAYes(verb: [String]) async {
        for answers in [[], [""], ["n"], ["maybe"]] {
            let access = FakeAccess(Self.cluster)
            let report = await failure(verb, on: access, answers: answers)
            #expect(report?.errors == "metastack: nothing was done")
            #expect(access.writeCount == 0)
        }
    }

    @Test(arguments: verbs)
    func aYesAFlagOrAScriptGoesOn(verb: [String]) async throws {
        for (more, answers) in [([], ["y"]), (["--yes"], []), ([], nil)] as [([String], [String]?)]
        {
            let access = FakeAccess(Self.cluster)
            let screen = try await run(verb + more, on: access, answers: answers)
            #expect(access.writeCount == 1)
            #expect(screen.errors.contains("[y/N]") == (answers == ["y"]))
        }
    }
}

@Suite struct WaitConditionTests {
    @Test func waitWithAConditionEndsWhenThatIsSo() async throws {
        let access = FakeAccess(
            .ready,
            later: [
                {
                    $0.put(
                        "actual_vms/new-id",
                        #"{"host":"n1","state":"claimed","desired_revision":6,"#
                            + #""desired_create_revision":6}"#, at: 8)
                }
            ])
        let screen = try await run(
            "vm", "create", "a", "--flavour", "f1", "--image", "i1", "--wait=claimed", on: access)
        #expect(screen.output.hasSuffix("vm a is claimed\n"))
    }

    @Test func aConditionThatCannotComeIsRefusedBeforeAnythingIsWritten() async {
        let access = FakeAccess(.running)
        let report = await failure("vm", "stop", "web", "--wait=running", on: access)
        #expect(report?.status == .usage)
        #expect(report?.errors.contains("wait for stopped") == true)
        let slip = await failure("vm", "stop", "web", "--wait=stoped", on: access)
        #expect(slip?.errors.contains("did you mean stopped?") == true)
        #expect(access.writeCount == 0)
    }

    @Test func aBareWaitTakesNoWordForItsCondition() async throws {
        let access = FakeAccess(
            .running,
            later: [{ $0.remove("actual_vms/v1") }, { $0.remove("volumes/v1.root") }])
        let screen = try await run("vm", "delete", "--wait", "web", on: access)
        #expect(screen.output.hasSuffix("vm web is gone\n"))
    }

    @Test func wordsBehindTwoDashesStayAsTheyAre() {
        let words = MetaStackCommand.expanded(["vm", "--wait=gone", "--", "--wait=x"])
        #expect(words == ["vm", "--wait-for=gone", "--", "--wait=x"])
    }
}
