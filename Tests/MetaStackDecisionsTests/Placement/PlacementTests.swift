import MetaStackDecisions
import MetaStackModel
import MetaStackTesting
import Testing

struct PlacementTests {
    private let vms = (0..<400).map { VMID(unchecked: "vm-\($0)") }

    private func request(_ vm: VMID, ram: Int = 256, vcpus: Int = 1) throws -> PlacementRequest {
        PlacementRequest(vm: vm, ram: try Mebibytes(ram), vcpus: vcpus)
    }

    private func cluster(_ hosts: [String]) throws -> Cluster {
        var cluster = Cluster()
        for host in hosts { try cluster.addHost(host) }
        return cluster
    }

    private func winners(_ hosts: [String]) throws -> [VMID: HostID] {
        let placement = Placement(try cluster(hosts))
        return try Dictionary(
            uniqueKeysWithValues: vms.map {
                ($0, try #require(try placement.candidates(for: request($0)).first?.host))
            })
    }

    @Test func everyOrderOfLearningGivesTheSameOrderOfTrying() throws {
        let one = Placement(try cluster(["a", "b", "c", "d"]))
        let two = Placement(try cluster(["d", "b", "a", "c"]))
        for vm in vms { #expect(one.order(of: vm) == two.order(of: vm)) }
    }

    @Test func aHostThatComesTakesOnlyWhatItWins() throws {
        let before = try winners(["a", "b", "c"])
        let after = try winners(["a", "b", "c", "d"])
        let new = HostID(unchecked: "d")
        for vm in vms { #expect(after[vm] == before[vm] || after[vm] == new) }
        let won = after.values.count { $0 == new }
        #expect((60...140).contains(won), "a quarter of 400, not \(won)")
    }

    @Test func aHostThatGoesMovesOnlyItsOwn() throws {
        let before = try winners(["a", "b", "c"])
        let after = try winners(["a", "c"])
        for vm in vms where before[vm] != HostID(unchecked: "b") {
            #expect(after[vm] == before[vm])
        }
    }

    @Test func theOrderNeverChangesBetweenVersions() throws {
        let order = Placement(try cluster(["a", "b", "c"])).order(of: VMID(unchecked: "web"))
        #expect(order.map(\.text) == ["c", "b", "a"])
    }

    @Test func hostsThatCannotAreNoCandidates() throws {
        var cluster = try cluster(["a", "b", "c", "d", "e"])
        try cluster.addHost("b", message: "the storage is away")
        cluster.desiredHosts[HostID(unchecked: "c")] = Stored(
            DesiredHost(state: .maintenance), revision: Revision(9), createRevision: Revision(9))
        try cluster.addClaim("big", on: "d", ram: 4000, vcpus: 1)
        let vm = VMID(unchecked: "web")
        cluster.declines[vm, default: [:]][HostID(unchecked: "e")] = Stored(
            Decline(reason: "no disk", at: Timestamp(milliseconds: 0)),
            revision: Revision(9), createRevision: Revision(9))
        let placement = Placement(cluster)
        #expect(try placement.candidates(for: request(vm)).map(\.host.text) == ["a"])
        let refusals = try placement.refusals(of: request(vm)).mapValues { $0.map(\.description) }
        #expect(
            refusals == [
                HostID(unchecked: "a"): [],
                HostID(unchecked: "b"): ["the storage is away"],
                HostID(unchecked: "c"): ["the host is in maintenance"],
                HostID(unchecked: "d"): ["needs 256 MiB, 96 free of 4096, 0 reserved"],
                HostID(unchecked: "e"): ["it tried and could not: no disk"],
            ])
    }

    @Test func aClaimOnAHostThatIsGoneCountsNowhere() throws {
        var cluster = try cluster(["a"])
        try cluster.addClaim("old", on: "gone", ram: 4096, vcpus: 1)
        #expect(Placement(cluster).offers.count == 1)
        #expect(Placement(cluster)[HostID(unchecked: "a")]?.usedRAM == .zero)
    }

    /// Claims VM after VM, each by its first candidate, until nobody takes any more.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func neverPromisesMoreThanAHostHas(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        var cluster = Cluster()
        for host in ["a", "b", "c"] {
            try cluster.addHost(
                host, ram: .random(in: 512...4096, using: &random),
                reserved: .random(in: 0...512, using: &random),
                vcpus: .random(in: 1...4, using: &random))
        }
        for vm in vms {
            let ram = Int.random(in: 64...512, using: &random)
            let vcpus = Int.random(in: 1...3, using: &random)
            let request = try request(vm, ram: ram, vcpus: vcpus)
            guard let host = Placement(cluster).candidates(for: request).first?.host else {
                continue
            }
            try cluster.addClaim(vm.text, on: host.text, ram: ram, vcpus: vcpus)
        }
        for offer in Placement(cluster).offers {
            #expect(offer.usedRAM.count <= offer.totalRAM.count - offer.reservedRAM.count)
            #expect(offer.usedVCPU <= offer.vcpuLimit)
            #expect(offer.usedRAM > .zero)
        }
    }
}
