import ArgumentParser
import Etcd
import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct FailureReportTests {
    private func report(_ arguments: String...) async -> FailureReport? {
        do {
            // Help is a command that throws what it has to say.
            var command = try await MetaStackCommand.parsed(arguments)
            try command.run()
            return nil
        } catch {
            return FailureReport(error, parsing: MetaStackCommand.self)
        }
    }

    @Test func aCommandLineThatMakesNoSenseIsUsage() async {
        let lines: [[String]] = [
            ["vm", "create"], ["vm", "lst"], ["bogus"], ["vm", "list", "-o", "xml"],
            ["vm", "create", "a/b", "--flavour", "x", "--image", "y"],
            ["vm", "create", "a", "--flavour", "x", "--image", "y", "--timeout", "soon"],
            ["vm", "create", "a", "--flavour", "x", "--image", "y", "--timeout", "0"],
            ["vm", "create", "a", "--flavour", "x", "--image", "y", "--host", "../n1"],
            ["image", "add", "a", "f", "--checksum", "md5:0"],
            ["flavour", "add", "a", "--vcpus", "one", "--ram", "1"],
            ["flavour", "add", "a", "--vcpus", "1", "--ram", "-1"],
        ]
        for line in lines {
            do {
                _ = try await MetaStackCommand.parsed(line)
                Issue.record("\(line) was accepted")
            } catch {
                let report = FailureReport(error, parsing: MetaStackCommand.self)
                #expect(report.status == .usage, "\(line)")
                #expect(report.errors.hasPrefix("metastack: "), "\(report.errors)")
                #expect(!report.errors.contains("\n"), "\(report.errors)")
                #expect(report.output.isEmpty)
            }
        }
    }

    @Test func helpAndVersionAreAnswersAndNoFailures() async {
        let help = await report("--help")
        #expect(help?.status == .done)
        for status in CommandStatus.allCases {
            #expect(help?.output.contains("\(status.rawValue)  \(status.meaning)") == true)
        }
        #expect(await report("--version")?.output == Version.current)
        #expect(await report("vm", "create", "--help")?.status == .done)
    }

    @Test func etcdThatIsAwayHasAStatusOfItsOwn() {
        func report(_ code: EtcdError.Code) -> FailureReport {
            FailureReport(EtcdError(code, "no"), parsing: MetaStackCommand.self)
        }
        #expect(report(.unavailable).status == .unreachable)
        #expect(report(.deadlineExceeded).status == .unreachable)
        #expect(report(.unauthenticated).status == .failed)
        #expect(
            report(.unavailable).errors
                == "metastack: cannot reach etcd: no; check --endpoints and that etcd runs")
        #expect(report(.outcomeUnknown).errors.contains("look before you try again"))
    }

    @Test func flagsOfTheProgramReachTheConfiguration() async throws {
        let parsed = try await MetaStackCommand.parsed([
            "vm", "list", "--endpoints", "http://a:1,http://b:2",
        ])
        let command = try #require(parsed as? any ClusterCommand)
        let configuration = try ManagementConfiguration(
            command.global, environment: ["METASTACK_ETCD_ENDPOINTS": "http://c:3"])
        #expect(configuration.etcd.endpoints == ["http://a:1", "http://b:2"])
    }

    @Test func aNamedConfigurationMustBeThere() async throws {
        let parsed = try await MetaStackCommand.parsed(["vm", "list"])
        let command = try #require(parsed as? any ClusterCommand)
        let error = #expect(throws: CommandFailure.self) {
            try ManagementConfiguration(
                command.global, environment: ["METASTACK_CONFIG": "/nowhere/m.yaml"])
        }
        #expect(error?.status == .usage)
        #expect(error?.description.contains("/nowhere/m.yaml") == true)
    }
}
