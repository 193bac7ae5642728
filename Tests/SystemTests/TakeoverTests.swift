import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Hosts that die or stall, and what becomes of their guests' disks.
    @Suite struct Takeovers {
        @Test func aKilledHostsGuestGoesOnElsewhereAfterItsOldWriterIsEvicted() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("survivor")
                let old = try await vm.counting(past: 2)
                let writer = try #require(old.value.clients.first)
                test.later { try await lab.boot(old.value.host) }

                try await lab.tool("kill", old.value.host.text)
                let dead = ContinuousClock.now
                let acknowledged = try #require(vm.console(on: old.value.host).last)
                let new = try await vm.claimed(after: old)
                let taken = dead.duration(to: .now)
                #expect(taken <= Lab.leaseTTL + .seconds(1), "from power loss to the next claim")

                // First the list, then the console: a guest that is not up has written nothing.
                try await eventually("the old writer is evicted", every: .milliseconds(10)) {
                    try await lab.blocklist().contains(writer.address)
                }
                #expect(vm.console(on: new.value.host).boots.isEmpty, "evicted after the boot")

                try await vm.counting(past: acknowledged)
                let console = vm.console(on: new.value.host)
                #expect(try #require(console.boots.first) >= acknowledged)
                #expect(
                    vm.steps(on: new.value.host) == [
                        "claimed", "former writers evicted", "guest created paused",
                        "guest recorded", "guest resumed",
                    ])
                let history = try await lab.store.load().histories[vm.id]
                #expect(history?.value.evicted.map(\.client).contains(writer) == true)
                #expect(history?.value.host == new.value.host)
            }
        }

        @Test func aHostThatLostItsStorageGivesItsGuestsToOthers() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("stranded")
                let old = try await vm.counting(past: 2)
                let stranded = old.value.host
                test.later { try await lab.tool("heal", stranded.text) }

                try await lab.tool("cut", stranded.text, "ceph")
                // It is away for half a minute before it counts as lost.
                let new = try await vm.claimed(after: old, within: .seconds(90))
                #expect(new.value.host != stranded)
                try await vm.counting(past: 0)
                let acknowledged = try #require(vm.console(on: stranded).last)
                let began = try #require(vm.console(on: new.value.host).boots.first)
                #expect(began >= acknowledged, "a write that was acknowledged is on the disk")
                #expect(try await vm.domainState(on: stranded) == nil)

                try await lab.tool("heal", stranded.text)
                try await eventually("the host takes guests again") {
                    try await lab.store.load().hosts[stranded]?.value.pools.count == 2
                }
                #expect(try await vm.claim()?.incarnation == new.incarnation)
            }
        }

        @Test func aStalledHostsGuestWritesNoMoreOnceAnotherHasTakenOver() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("stalled")
                let old = try await vm.counting(past: 2)
                let stalled = old.value.host
                test.later { try await lab.tool("wake", stalled.text) }

                // Without its watchdog: what is left is the eviction.
                try await lab.tool("stall", stalled.text, "--no-fence")
                let new = try await vm.claimed(after: old)
                try await vm.counting(past: 0)
                let frozen = try await eventually("the old guest stopped at a write error") {
                    try await vm.domainState(on: stalled)
                        .flatMap { $0.contains("I/O error") ? vm.console(on: stalled) : nil }
                }
                let acknowledged = try #require(frozen.last)
                let began = try #require(vm.console(on: new.value.host).boots.first)
                #expect(began >= acknowledged, "a write that was acknowledged is on the disk")
                try await vm.counting(past: began + 5)
                #expect(vm.console(on: stalled).last == acknowledged, "the old guest wrote on")
                // Each number comes once: nobody else writes the sector.
                let counters = vm.console(on: new.value.host).counters
                #expect(counters == Array(began + 1...began + counters.count))
                let onDisk = try await lab.counter(try await vm.image())
                let printed = try #require(vm.console(on: new.value.host).last)
                #expect((began + 5...printed + 1).contains(onDisk))

                try await lab.tool("wake", stalled.text)
                try await eventually("the old domain is destroyed") {
                    try await vm.domainState(on: stalled) == nil
                }
                let after = try #require(try await vm.claim())
                #expect(after.incarnation == new.incarnation)
                #expect(after.value.host == new.value.host)
                let now = vm.console(on: new.value.host).last ?? 0
                try await vm.counting(past: now)
                #expect(vm.console(on: new.value.host).boots.count == 1)
                // What the old guest had sent may still be on its way.
                let listed = Set(try await lab.blocklist())
                #expect(listed.isSuperset(of: old.value.clients.map(\.address)))
            }
        }

        /// As whoever removes a VM leaves it, and dies before it could write so.
        @Test func aDeadHostsVMIsDeletedThoughItsDiskIsGoneAlready() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("half-gone")
                let old = try await vm.counting(past: 2)
                let image = try await vm.image()
                test.later { try await lab.boot(old.value.host) }
                try await lab.tool("kill", old.value.host.text)
                try await lab.succeed("vm", "delete", vm.id.text, "--yes")
                for client in old.value.clients { try await lab.evict(client) }
                try await lab.rbd("rm", "--no-progress", "vms/\(image)")
                try await eventually("nothing is left of it") {
                    let cluster = try await lab.store.load()
                    return cluster.volumes[vm.id] == nil && cluster.actualVMs[vm.id] == nil
                        && cluster.histories[vm.id] == nil
                }
            }
        }
    }
}

extension Guest {
    /// Waits for a claim by another host than the one that is dead or stalled.
    func claimed(
        after old: Stored<ActualVM>, within limit: Duration = .seconds(30)
    ) async throws -> Stored<ActualVM> {
        try await eventually(
            "VM \(id) is claimed by another host than \(old.value.host)", within: limit,
            every: .milliseconds(20)
        ) {
            try await claim().flatMap { $0.value.host == old.value.host ? nil : $0 }
        }
    }

    /// The steps of a start in the order of the agent's log.
    func steps(on host: HostID) -> [String] {
        let known = [
            "claimed", "former writers evicted", "guest created paused", "guest recorded",
            "guest resumed",
        ]
        return lab.agentLines(of: host, about: id.text).compactMap { line in
            known.first { line.contains($0) }
        }
    }
}

extension Lab {
    /// Gives a killed host its power back and waits for its node.
    func boot(_ host: HostID) async throws {
        try await tool("boot", host.text)
        try await eventually("host \(host) is live again") {
            try await store.load().hosts[host] != nil
        }
    }
}
