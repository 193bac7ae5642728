import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// What a host has for guests, checked against what libvirt really runs.
    @Suite struct Hosts {
        @Test func guestsOfOthersTakeTheirMemoryFromTheHost() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let host = HostID(unchecked: "host3")
                let folder = try test.folder()
                let stranger = test.name("stranger")
                test.later { _ = try await lab.execute(host, "virsh", "destroy", stranger) }
                func total() async throws -> Int? {
                    try await lab.store.load().hosts[host]?.value.totalRAM.count
                }
                let before = try #require(try await total())
                try await lab.createStranger(stranger, on: host, in: folder)
                try await eventually("its 32 MiB are no more for guests") {
                    try await total() == before - 32
                }
                _ = try await lab.execute(host, "virsh", "destroy", stranger)
                    .checked("virsh destroy")
                try await eventually("they are again") { try await total() == before }
            }
        }

        @Test func aHostThatIsAwayIsTakenOutOfServiceAsWell() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("left")
                let old = try await vm.counting(past: 0)
                let away = old.value.host
                test.later { _ = try await lab.metastack("host", "ready", away.text) }
                test.later { try await lab.tool("agent", away.text, "start") }
                try await lab.tool("agent", away.text, "stop")
                try await lab.succeed("host", "maintenance", away.text, "--wait")
                let new = try await vm.claimed(after: old)
                #expect(new.value.host != away)
                try await lab.tool("agent", away.text, "start")
                try await eventually("it is back, and takes nothing") {
                    try await lab.json("host", "show", away.text)["status"]
                        == .string("maintenance")
                }
                try await lab.succeed("host", "ready", away.text)
            }
        }
    }
}
