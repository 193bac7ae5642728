import MetaStackDecisions
import MetaStackModel
import Testing

struct MoveRulesTests {
    private let a = HostID(unchecked: "a")
    private let b = HostID(unchecked: "b")

    private func order(to host: String? = nil, offline: Bool = false) -> MoveWishes {
        MoveWishes(
            order: .init(
                id: "m1", from: HostID(unchecked: "a"), to: host.map { HostID(unchecked: $0) },
                offline: offline))
    }

    private func verdict(
        on vm: String = "web", in cluster: Cluster
    ) -> MoveRules.Verdict { MoveRules(cluster).verdict(on: VMID(unchecked: vm)) }

    private func plan(on vm: String = "web", in cluster: Cluster) -> MoveRules.Plan? {
        guard case .go(let plan) = verdict(on: vm, in: cluster) else { return nil }
        return plan
    }

    private func reason(on vm: String = "web", in cluster: Cluster) -> String? {
        guard case .stuck(let reason) = verdict(on: vm, in: cluster) else { return nil }
        return reason
    }

    @Test func aVMThatRunsStaysWhereverItIs() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "a", ram: 4000)
        #expect(verdict(in: cluster) == .stay)
    }

    @Test func anOrderWithoutATargetGoesToTheBestOfTheOthers() throws {
        var cluster = try Cluster.fleet("a", "b", "c")
        try cluster.run("web", on: "a", moves: order())
        try cluster.run("db", on: "b", ram: 3000)
        #expect(plan(in: cluster)?.to == HostID(unchecked: "c"))
        #expect(plan(in: cluster)?.order == "m1")
        #expect(plan(in: cluster)?.live == true)
    }

    @Test func anOrderIsFulfilledElsewhereOrOnRecord() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "b", moves: order())
        #expect(verdict(in: cluster) == .stay)
        try cluster.run("web", on: "a", moves: order())
        let vm = VMID(unchecked: "web")
        cluster.histories[vm] = Stored(
            VMHistory(
                vmCreateRevision: Revision(10), host: a, incarnation: Revision(20),
                movedFor: "m1"),
            revision: Revision(21), createRevision: Revision(21))
        #expect(verdict(in: cluster) == .stay)
    }

    @Test func anOrderGoesWhereItSaysOrSaysWhyNot() throws {
        var cluster = try Cluster.fleet("a", "b", "c")
        try cluster.run("web", on: "a", moves: order(to: "b"))
        #expect(plan(in: cluster)?.to == b)
        cluster.maintain("b")
        #expect(
            reason(in: cluster)
                == "somebody asked for it, and host b: the host is in maintenance")
        cluster.hosts[b] = nil
        #expect(reason(in: cluster) == "somebody asked for it, which is not live")
    }

    @Test func anOfflineOrderIsDoneOffline() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "a", moves: order(offline: true))
        #expect(plan(in: cluster)?.live == false)
    }

    @Test func aPinIsFollowed() throws {
        var cluster = try Cluster.fleet("a", "b", "c")
        try cluster.run("web", on: "a", pin: "c")
        #expect(plan(in: cluster)?.to == HostID(unchecked: "c"))
        try cluster.run("web", on: "a", pin: "gone")
        #expect(reason(in: cluster)?.contains("pinned to host gone, which is not live") == true)
    }

    @Test func aHostInMaintenanceIsLeftTwoAtATime() throws {
        var cluster = try Cluster.fleet("a", "b")
        for number in 1...4 { try cluster.run("vm\(number)", on: "a") }
        cluster.maintain("a")
        #expect(plan(on: "vm1", in: cluster)?.drains == true)
        cluster.begin("vm1", to: "b")
        #expect(plan(on: "vm2", in: cluster) != nil)
        cluster.begin("vm2", to: "b")
        #expect(verdict(on: "vm3", in: cluster) == .wait)
        // One that is under way goes on.
        #expect(plan(on: "vm2", in: cluster) != nil)
        cluster.moveLimits = Stored(
            MoveLimits(perHost: 3, perCluster: 2), revision: Revision(1),
            createRevision: Revision(1))
        #expect(verdict(on: "vm3", in: cluster) == .wait)
        cluster.moveLimits?.value.perCluster = 3
        #expect(plan(on: "vm3", in: cluster) != nil)
    }

    @Test func whatCannotLeaveSaysWhyWithNumbers() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "a")
        try cluster.run("db", on: "b", ram: 4000)
        cluster.maintain("a")
        let words = "host a is in maintenance, and no other host can take it: "
        #expect(reason(in: cluster) == words + "b: needs 256 MiB, 96 free of 4096, 0 reserved")
        cluster.hosts[b] = nil
        #expect(reason(in: cluster) == "host a is in maintenance, and there is no other host")
    }

    @Test func aVMThatMovesTakesRoomAtBothEnds() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("large", on: "a", ram: 3900)
        cluster.begin("large", to: "b")
        let placement = Placement(cluster)
        #expect(placement[a]?.freeRAM == 196)
        #expect(placement[b]?.freeRAM == 196)
    }

    @Test func onlyAlikeHostsAreReachedLive() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "a")
        cluster.maintain("a")
        cluster.hosts[a]?.value.domainType = "kvm"
        cluster.hosts[b]?.value.domainType = "qemu"
        #expect(reason(in: cluster)?.contains("another kind of hypervisor") == true)
        cluster.desiredVMs[VMID(unchecked: "web")]?.value.moves.offline = true
        #expect(plan(in: cluster)?.live == false)
        try cluster.addHost("c")
        cluster.hosts[HostID(unchecked: "c")]?.value.domainType = "kvm"
        #expect(plan(in: cluster)?.to == HostID(unchecked: "c"))
        #expect(plan(in: cluster)?.live == true)
    }

    /// libvirt takes a NIC's kind of bridge along.
    @Test func hostsThatMakeNetworksAlikeAreReachedLive() throws {
        let vm = VMID(unchecked: "web")
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "a", moves: order())
        cluster.hosts[b]?.value.plane = HostPlane(driver: .openVSwitch)
        // One without NICs hangs on nothing.
        #expect(plan(in: cluster)?.live == true)
        cluster.actualVMs[vm]?.value.macs = [try MACAddress("02:00:00:00:00:01")]
        #expect(
            reason(in: cluster)
                == "somebody asked for it, and host b makes networks with openvswitch "
                + "(network.driver), its own host with linux: allow offline moves, or ask for one")
        cluster.desiredVMs[vm]?.value.moves.order?.offline = true
        #expect(plan(in: cluster)?.live == false)
        cluster.desiredVMs[vm]?.value.moves.order?.offline = false
        try cluster.addHost("c")
        #expect(plan(in: cluster)?.to == HostID(unchecked: "c"))
        cluster.hosts[a]?.value.plane = HostPlane(driver: .openVSwitch)
        #expect(plan(in: cluster)?.to == b)
        #expect(plan(in: cluster)?.live == true)
    }

    @Test func aGuestKeepsTheProcessorsThatItWasStartedOn() throws {
        let old = ProcessorModel(model: "Haswell", vendor: "Intel", features: ["aes"])
        let new = ProcessorModel(model: "Skylake", vendor: "Intel", features: ["aes", "avx512f"])
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "a", moves: order())
        cluster.hosts[a]?.value.cpu = old
        cluster.hosts[b]?.value.cpu = new
        #expect(plan(in: cluster)?.live == true)

        // Started on the new one, it does not fit on the old one.
        cluster.hosts[a]?.value.cpu = new
        cluster.hosts[b]?.value.cpu = old
        #expect(
            reason(in: cluster)
                == "somebody asked for it, and host b has processors without avx512f, which the "
                + "guest was started with: allow offline moves, or ask for one")
    }

    @Test func aGuestThatCameFromOlderProcessorsGoesBackToThem() throws {
        let old = ProcessorModel(model: "Haswell", vendor: "Intel", features: ["aes"])
        let new = ProcessorModel(model: "Skylake", vendor: "Intel", features: ["aes", "avx512f"])
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "a", moves: order())
        cluster.hosts[a]?.value.cpu = new
        cluster.hosts[b]?.value.cpu = old
        cluster.actualVMs[VMID(unchecked: "web")]?.value.bootedOn = b
        #expect(plan(in: cluster)?.live == true)
        // Who is gone has said nothing.
        cluster.actualVMs[VMID(unchecked: "web")]?.value.bootedOn = HostID(unchecked: "gone")
        #expect(plan(in: cluster)?.live == true)
    }

    @Test func itGoesBackWhereItsRecordSaysSo() throws {
        var cluster = try Cluster.fleet("a", "b")
        try cluster.run("web", on: "a", moves: MoveWishes(goesBack: true))
        cluster.actualVMs[VMID(unchecked: "web")]?.value.cameFrom = b
        #expect(plan(in: cluster)?.to == b)
        cluster.maintain("b")
        #expect(verdict(in: cluster) == .stay)
        cluster.maintain("b", .ready)
        cluster.desiredVMs[VMID(unchecked: "web")]?.value.moves.goesBack = false
        #expect(verdict(in: cluster) == .stay)
    }
}
