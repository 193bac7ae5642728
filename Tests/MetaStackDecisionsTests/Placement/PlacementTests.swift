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

    /// Each reason by itself: it has a word for people and keeps the host from being asked.
    @Test func aHostIsACandidateWhereNothingSpeaksAgainstIt() throws {
        let vm = VMID(unchecked: "web")
        let host = HostID(unchecked: "a")
        let refusals: [(inout PlacementRequest, inout Cluster) throws -> Void] = [
            {
                $0.ram = try Mebibytes(4097); _ = $1
            },
            {
                $0.vcpus = 5; _ = $1
            },
            {
                $0.pin = HostID(unchecked: "b"); _ = $1
            },
            {
                $0.wishes = PlacementWishes(required: ["rack": "a"]); _ = $1
            },
            {
                $0.needs = [.bridge(try InterfaceName("br1"))]; _ = $1
            },
            { request, cluster in
                request.pools = [PoolName(unchecked: "vms")]
                cluster.hosts[host]?.value.pools = [PoolName(unchecked: "fast")]
            },
            { request, cluster in
                request.wishes = PlacementWishes(groups: ["web": .antiAffinity])
                try cluster.addClaim("other", on: "a", ram: 1, vcpus: 1)
                try cluster.want("other", groups: ["web": .antiAffinity])
            },
            {
                try $1.addHost("a", message: "the storage is away"); _ = $0
            },
            {
                try $1.addClaim("other", on: "a", ram: 3841, vcpus: 1); _ = $0
            },
            { request, cluster in
                cluster.declines[request.vm, default: [:]][host] = Stored(
                    Decline(reason: "no disk", at: Timestamp(milliseconds: 0)),
                    revision: Revision(9), createRevision: Revision(9))
            },
        ]
        let (plain, one) = (try request(vm), try cluster(["a"]))
        #expect(Placement(one).hasCandidate(for: plain))
        for (number, refuse) in refusals.enumerated() {
            var (request, cluster) = (plain, one)
            try refuse(&request, &cluster)
            let placement = Placement(cluster)
            #expect(!placement.hasCandidate(for: request), "reason \(number)")
            #expect(placement.refusals(of: request, by: host)?.count == 1, "reason \(number)")
            guard request.pin == nil else { continue }
            try cluster.addHost("b", labels: ["rack": "a"])
            cluster.hosts[HostID(unchecked: "b")]?.value.networks = ["br1"]
            request.ram = plain.ram
            request.vcpus = plain.vcpus
            #expect(Placement(cluster).hasCandidate(for: request), "reason \(number)")
        }
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
