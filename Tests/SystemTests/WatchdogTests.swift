import Foundation
import MetaStackModel
import MetaStackStore
import Testing

extension SystemTests {
    /// Agents that stall, and the watchdog outside them that suspends their guests.
    @Suite struct Watchdogs {
        /// From the stall to the last moment at which guests may run: the lease was proven a third of
        /// its TTL before at most, and the margin is a fifth.
        static let budget = Lab.leaseTTL * 4 / 5 - Lab.leaseTTL / 3

        @Test func aStalledAgentsGuestStandsStillBeforeItsTwinStarts() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("watched")
                let old = try await vm.counting(past: 2)
                let stalled = old.value.host
                test.later { try await lab.tool("wake", stalled.text) }

                try await lab.tool("stall", stalled.text)
                let stall = Date()
                try await vm.suspended(on: stalled)
                // The log's word: to ask libvirt takes a busy machine longer than the fence took.
                let took = try await lab.fenced(stalled, since: stall).timeIntervalSince(stall)
                print("watchdog: a guest stood still \(took) s after its agent's stall")
                #expect(took <= Self.budget / .seconds(1))
                #expect(
                    try await vm.claim()?.incarnation == old.incarnation, "its twin was claimed")

                let frozen = vm.console(on: stalled).last
                let new = try await vm.claimed(after: old)
                try await vm.counting()
                #expect(vm.console(on: stalled).last == frozen, "the old guest ran on")
                let began = try #require(vm.console(on: new.value.host).boots.first)
                #expect(began >= frozen ?? 0, "a write that was acknowledged is on the disk")

                try await lab.tool("wake", stalled.text)
                let woken = ContinuousClock.now
                try await eventually("the old domain is destroyed", every: .milliseconds(20)) {
                    try await vm.domainState(on: stalled) == nil
                }
                print("watchdog: it was gone \(woken.duration(to: .now)) after its agent woke")
                #expect(woken.duration(to: .now) <= .seconds(2))
                #expect(vm.console(on: stalled).last == frozen, "it ran once more before its end")
            }
        }

        @Test func aGuestGoesOnWhereItStoodAfterAStallThatLostNothing() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("brief")
                let before = try await vm.counting(past: 2)
                let host = before.value.host
                let process = try await vm.process(on: host)
                test.later { try await lab.tool("wake", host.text) }
                try await lab.tool("stall", host.text)
                try await vm.suspended(on: host)
                let frozen = try #require(vm.console(on: host).last)
                try await lab.tool("wake", host.text)
                let after = try await vm.counting(past: frozen + 2)
                #expect(after.incarnation == before.incarnation)
                #expect(after.createRevision == before.createRevision)
                #expect(try await vm.process(on: host) == process)
                #expect(vm.console(on: host).boots.count == 1)
            }
        }

        @Test func aStoppedAgentsGuestStandsStillBeforeItsTwinStarts() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("left-alone")
                let old = try await vm.counting(past: 2)
                let host = old.value.host
                test.later { try await lab.tool("agent", host.text, "start") }

                try await lab.tool("agent", host.text, "stop")
                try await vm.suspended(on: host)
                #expect(
                    try await vm.claim()?.incarnation == old.incarnation, "its twin was claimed")
                let frozen = vm.console(on: host).last
                let new = try await vm.claimed(after: old)
                try await vm.counting()
                #expect(vm.console(on: host).last == frozen, "the old guest ran on")

                try await lab.tool("agent", host.text, "start")
                try await eventually("the old domain is destroyed") {
                    try await vm.domainState(on: host) == nil
                }
                #expect(try await vm.claim()?.incarnation == new.incarnation)
            }
        }

        @Test func anAgentThatIsSoonBackSuspendsNobody() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("upgraded")
                let old = try await vm.counting(past: 2)
                let host = old.value.host
                try await lab.tool("agent", host.text, "restart")
                try await eventually("what the old agent left behind has ended") {
                    try await lab.execute(host, "pgrep", "-f", "node fence .*--after").status == 1
                }
                let now = vm.console(on: host).last ?? 0
                let after = try await vm.counting(past: now + 2)
                #expect(after.incarnation == old.incarnation)
                #expect(after.lease != old.lease)
                #expect(lab.agentLines(of: host, about: "suspended vm \(vm.id)").isEmpty)
            }
        }

        @Test func anOutageOfEtcdFencesNobody() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("outage")
                let host = try await vm.counting(past: 2).value.host
                let fences = try await lab.fences()
                test.later { try await lab.tool("etcd", "1", "start") }
                try await lab.tool("etcd", "1", "stop")
                try await always(for: Lab.leaseTTL * 2) {
                    let state = try await vm.domainState(on: host)
                    #expect(state?.hasPrefix("running") == true)
                }
                try await lab.tool("etcd", "1", "start")
                #expect(try await lab.fences() == fences)
                try await vm.counting(past: vm.console(on: host).last ?? 0)
                #expect(vm.console(on: host).boots.count == 1)
            }
        }

        @Test func fencingByHandSuspendsMetaStacksDomainsAndNoOthers() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("fenced")
                let host = try await vm.counting(past: 0).value.host
                // The second one has a name as MetaStack gives them, and none of its metadata.
                let folder = try test.folder()
                let strangers = [test.name("stranger"), "metastack-\(test.name("stranger"))"]
                for stranger in strangers {
                    test.later { _ = try await lab.execute(host, "virsh", "destroy", stranger) }
                    try await lab.createStranger(stranger, on: host, in: folder)
                }
                test.later { try await lab.tool("wake", host.text) }
                try await lab.tool("stall", host.text, "--no-fence")

                let first = try await lab.fence(host)
                #expect(first.status == 0)
                #expect(first.errors.contains("suspended vm \(vm.id)\n"), "\(first.errors)")
                #expect(try await vm.domainState(on: host) == "paused (user)")
                for stranger in strangers {
                    let state = try await lab.execute(host, "virsh", "-q", "domstate", stranger)
                    #expect(state.text.hasPrefix("running"), "\(stranger): \(state.text)")
                    #expect(!first.errors.contains(stranger))
                }
                let second = try await lab.fence(host)
                #expect(second.status == 0)
                #expect(second.errors.contains("vm \(vm.id) stood still already"))
                #expect(second.errors.contains("0 suspended"))
            }
        }

        @Test func fencingWithoutLibvirtEndsTheGuests() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("unheard")
                let host = try await vm.counting(past: 2).value.host
                let process = try await vm.process(on: host)
                test.later { try await lab.tool("libvirt", host.text, "start") }
                try await lab.tool("libvirt", host.text, "stop")
                let output = try await lab.fence(host)
                #expect(output.status == 0)
                #expect(output.errors.contains("ended vm \(vm.id), "), "\(output.errors)")
                #expect(try await lab.execute(host, "kill", "-0", process.pid).status != 0)

                try await lab.tool("libvirt", host.text, "start")
                try await vm.counting(past: vm.console(on: host).last ?? 0)
            }
        }

        @Test func aGuestThatCannotBeSuspendedIsEndedBeforeItsTwinStarts() async throws {
            try await Fixture.run { test in
                let lab = test.lab
                let vm = try await test.start("deaf")
                let old = try await vm.counting(past: 2)
                let host = old.value.host
                let process = try await vm.process(on: host)
                let agent = try await lab.machine(host.text).services["agent"]?.pid
                test.later { try await lab.tool("heal", host.text) }

                // A QEMU that answers nobody; what it holds still is not for libvirt to know.
                _ = try await lab.execute(host, "kill", "-STOP", process.pid).checked("kill -STOP")
                try await lab.tool("cut", host.text, "etcd")
                try await eventually("its process is gone", every: .milliseconds(10)) {
                    try await lab.execute(host, "kill", "-0", process.pid).status != 0
                }
                #expect(
                    try await vm.claim()?.incarnation == old.incarnation, "its twin was claimed")
                _ = try await vm.claimed(after: old)
                try await vm.counting()
                #expect(try await lab.machine(host.text).services["agent"]?.pid == agent)
            }
        }
    }
}

extension Guest {
    /// Waits until somebody has suspended the domain.
    func suspended(on host: HostID) async throws {
        try await eventually("the guest is suspended", every: .milliseconds(10)) {
            try await domainState(on: host) == "paused (user)"
        }
    }
}

extension Lab {
    /// Runs `metastack-node fence` in a host.
    func fence(_ host: HostID) async throws -> Output {
        try await execute(
            host, binaries.appending(path: "metastack-node").path, "fence", "--config",
            "/etc/metastack/node.yaml")
    }

    /// When a host's fence was done, the first time after a moment.
    func fenced(_ host: HostID, since moment: Date) async throws -> Date {
        try await eventually("the log says when the fence was done") {
            agentLines(of: host, about: "watchdog: fenced, exit 0").lazy
                .compactMap { $0.split(separator: " ").first }
                .compactMap { try? Date(String($0), strategy: Self.logTime) }  // No such line.
                .first { $0 >= moment }
        }
    }

    private static let logTime = Date.ISO8601FormatStyle(includingFractionalSeconds: true)

    /// How often the hosts' watchdogs have fenced, in all.
    func fences() async throws -> Int {
        var sum = 0
        for host in Self.hosts {
            sum += try await machine(host.text).services["agent"]?.fences ?? 0
        }
        return sum
    }

    /// Starts a domain that MetaStack has never heard of.
    func createStranger(_ name: String, on host: HostID, in folder: URL) async throws {
        let xml = """
            <domain type='qemu'><name>\(name)</name><memory unit='MiB'>32</memory>
            <os><type arch='x86_64'>hvm</type></os></domain>
            """
        let file = folder.appending(path: "\(name).xml")
        try Data(xml.utf8).write(to: file)
        _ = try await execute(host, "virsh", "create", file.path).checked("virsh create \(name)")
    }
}
