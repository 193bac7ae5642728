import Foundation
import Glibc
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// The agent and libvirt come and go, the guest stays.
    @Suite struct Agents {
        @Test func aKilledAgentFindsItsGuestAndKeepsItsClaim() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("adopted", on: "host1")
                let process = try await vm.process(on: "host1")
                let before = try #require(try await lab.store.read(.actualVM(vm.id)))

                try await lab.tool("agent", "host1", "kill")
                try await lab.tool("agent", "host1", "start")
                let after = try await eventually("the claim stands under a new lease") {
                    try await lab.store.read(.actualVM(vm.id))
                        .flatMap { $0.lease == before.lease ? nil : $0 }
                }
                let (old, new) = (try #require(before.json), try #require(after.json))
                #expect(
                    String(decoding: new, as: UTF8.self) == String(decoding: old, as: UTF8.self))
                #expect(after.createRevision == before.createRevision)
                #expect(try await vm.process(on: "host1") == process)
                let now = vm.console(on: "host1").last ?? 0
                try await vm.counting(past: now)
                #expect(vm.console(on: "host1").boots == [0])
            }
        }

        @Test func anAgentEndsWithinTwoSecondsOfSIGTERMAndItsGuestRunsOn() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("left", on: "host1")
                let process = try await vm.process(on: "host1")
                let before = try #require(try await lab.store.read(.actualVM(vm.id)))
                let agent = try #require(try await lab.machine("host1").services["agent"]?.pid)

                #expect(kill(agent, SIGTERM) == 0)
                try await eventually(
                    "the agent has ended", within: .seconds(2), every: .milliseconds(10)
                ) {
                    kill(agent, 0) != 0
                }
                #expect(
                    lab.agentLines(of: "host1", about: "stopped, guests run on").count > 0,
                    "\(lab.agentLines(of: "host1", about: "node=host1").suffix(5))")
                #expect(try await vm.process(on: "host1") == process)
                // The lab starts it again, as systemd would.
                try await eventually("the next agent took the claim over") {
                    try await lab.store.read(.actualVM(vm.id)).map { $0.lease != before.lease }
                        ?? false
                }
                let now = vm.console(on: "host1").last ?? 0
                try await vm.counting(past: now)
                #expect(try await vm.process(on: "host1") == process)
                #expect(vm.console(on: "host1").boots == [0])
            }
        }

        @Test func aGuestSurvivesTheEndOfItsAgentAndOfLibvirtAtOnce() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("orphaned", on: "host3")
                let process = try await vm.process(on: "host3")
                let before = try #require(try await vm.claim())

                try await lab.tool("agent", "host3", "kill")
                try await lab.tool("libvirt", "host3", "restart")
                try await lab.tool("agent", "host3", "start")
                try await eventually("the next agent took the claim over") {
                    try await vm.claim().map { $0.lease != before.lease } ?? false
                }
                #expect(try await vm.claim()?.incarnation == before.incarnation)
                #expect(try await vm.process(on: "host3") == process)
                try await vm.counting(past: vm.console(on: "host3").last ?? 0)
                #expect(vm.console(on: "host3").boots == [0])
            }
        }

        @Test func aRestartOfLibvirtTouchesNoGuestAndHindersNoLaterOne() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("untouched", on: "host2")
                let process = try await vm.process(on: "host2")
                let claim = try #require(try await vm.claim())

                try await lab.tool("libvirt", "host2", "restart")
                let later = try await test.start("later", on: "host2")
                #expect(try await later.claim()?.value.host == "host2")
                #expect(try await vm.process(on: "host2") == process)
                #expect(try await vm.claim()?.incarnation == claim.incarnation)
                let now = vm.console(on: "host2").last ?? 0
                try await vm.counting(past: now)
                #expect(vm.console(on: "host2").boots == [0])

                // The events come again, too: a guest that is ended behind the agent's back is missed.
                _ = try await lab.execute("host2", "virsh", "destroy", later.domain).checked(
                    "destroy")
                try await eventually("the guest that was ended is started again") {
                    later.console(on: "host2").boots.count == 2
                }
            }
        }
    }
}
