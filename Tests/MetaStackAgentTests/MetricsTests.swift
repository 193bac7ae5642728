import Foundation
import MetaStackModel
import MetaStackTesting
import Subprocess
import Testing

@testable import MetaStackAgent

extension AgentTests {
    /// What a node tells Prometheus, over HTTP.
    struct MetricsTests {
        private func ask(_ port: Int, _ arguments: String...) async throws -> (String, String) {
            let result = try await Subprocess.run(
                .name("curl"),
                arguments: Arguments(
                    ["-s", "-o", "-", "-w", "\n%{http_code} %{content_type}"] + arguments
                        + ["http://127.0.0.1:\(port)/metrics"]),
                output: .string(limit: 1 << 20), error: .discarded)
            let lines = result.standardOutput.split(
                separator: "\n", omittingEmptySubsequences: false)
            return (
                lines.dropLast().joined(separator: "\n"), lines.last.map(String.init) ?? ""
            )
        }

        @Test func aNodeTellsWhatItsGuestsNICsHaveCarried() async throws {
            try await TestFleet.run { fleet in
                try await fleet.addTinyFlavourAndImage()
                var host = try fleet.host("a", number: 1)
                let port = try LoopbackPort.free()
                host.configuration.metrics.listen = ServeSettings.Listen(
                    host: "127.0.0.1", port: port)
                fleet.start(host)
                try await fleet.addNetwork("blue", "10.7.0.0/28")
                try await fleet.want("web", nics: #"[{}, {"network": "blue"}]"#)
                let cluster = try await fleet.until("web runs") { $0.isRunning("web") }
                let ends = try #require(cluster.claim("web")?.value.nics).compactMap(\.interface)
                let before = host.hypervisor.calls.count(of: .figures)
                #expect(before == 0)
                let (text, status) = try await ask(port)
                #expect(status == "200 text/plain; version=0.0.4; charset=utf-8")
                let lines = text.split(separator: "\n").map(String.init)
                let one = #"vm="web",name="web",nic="1",network="blue",interface="\#(ends[1])""#
                for line in [
                    "metastack_nic_receive_bytes_total{\(one)} 2000",
                    "metastack_nic_receive_packets_total{\(one)} 20",
                    "metastack_nic_transmit_bytes_total{\(one)} 4000",
                    "metastack_nic_transmit_drop_total{\(one)} 2",
                    #"metastack_nic_receive_bytes_total{vm="web",name="web",nic="0",network="","#
                        + #"interface="\#(ends[0])"} 1000"#,
                    #"metastack_guest_cpu_seconds_total{vm="web",name="web"} 1.5"#,
                    #"metastack_node_claims{state="running"} 1"#,
                    "metastack_node_session_proven 1", "metastack_node_hypervisor_up 1",
                ] {
                    #expect(lines.contains(line), "\(line)\n\(text)")
                }
                #expect(host.hypervisor.calls.count(of: .figures) == 1)

                host.hypervisor.calls.fail(.figures, with: TestingError("it is away"))
                let (away, _) = try await ask(port)
                #expect(away.contains("metastack_node_hypervisor_up 0\n"))
                #expect(!away.contains("metastack_guest_memory_bytes{"))
                #expect(try await ask(port, "-X", "POST").1.hasPrefix("405 "))
                #expect(try await ask(port, "-I").1.hasPrefix("200 "))
            }
        }

        @Test func anAddressThatIsTakenIsTriedForAgainAndCostsTheAgentNothing() async throws {
            try await TestFleet.run { fleet in
                try await fleet.addTinyFlavourAndImage()
                var host = try fleet.host("a", number: 1)
                host.configuration.metrics.listen = ServeSettings.Listen(
                    host: "192.0.2.1", port: 9)
                fleet.start(host)
                try await fleet.eventually("it says so") {
                    fleet.log.tail.contains("cannot serve the node's figures")
                }
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
            }
        }
    }
}
