import MetaStackDecisions
import MetaStackModel
import MetaStackTesting
import Testing

struct AssignmentTests {
    /// Hosts of any sizes and labels, some full, some out of order; VMs of any sizes and wishes.
    private struct Situation {
        var cluster = Cluster()
        var requests: [PlacementRequest] = []

        init(seed: UInt64, hosts: Int = 12, vms: Int = 80) throws {
            var random = SeededGenerator(seed: seed)
            for number in 0..<hosts {
                try cluster.addHost(
                    "host-\(number)", ram: .random(in: 512...8192, using: &random),
                    vcpus: .random(in: 1...8, using: &random),
                    message: .random(in: 0..<10, using: &random) == 0 ? "out of order" : nil,
                    labels: ["rack": "\(Int.random(in: 0..<3, using: &random))"])
            }
            for number in 0..<vms {
                requests.append(try Self.request(number, hosts, &random))
            }
        }

        private static func request(
            _ number: Int, _ hosts: Int, _ random: inout SeededGenerator
        ) throws -> PlacementRequest {
            var wishes = PlacementWishes(priority: .random(in: -1...1, using: &random))
            if Int.random(in: 0..<4, using: &random) == 0 {
                wishes.required["rack"] = "\(Int.random(in: 0..<3, using: &random))"
            }
            if Int.random(in: 0..<4, using: &random) == 0 {
                wishes.preferred["rack"] = "\(Int.random(in: 0..<3, using: &random))"
            }
            if Int.random(in: 0..<2, using: &random) == 0 {
                let affinity = PlacementWishes.Affinity.allCases.randomElement(using: &random)
                wishes.groups["group-\(number % 7)"] = affinity
            }
            let pin = Int.random(in: 0..<12, using: &random) == 0
            return PlacementRequest(
                vm: VMID(unchecked: "vm-\(number)"), since: Revision(Int64(number / 3)),
                ram: try Mebibytes(.random(in: 64...2048, using: &random)),
                vcpus: .random(in: 1...4, using: &random),
                pin: pin ? HostID(unchecked: "host-\(number % hosts)") : nil, wishes: wishes)
        }

        func assignment() -> Assignment {
            Assignment(of: requests, on: Placement(cluster))
        }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func isTheSameInWhateverOrderThingsWereLearnt(_ seed: UInt64) throws {
        let one = try Situation(seed: seed)
        var two = one
        var random = SeededGenerator(seed: seed + 1000)
        two.requests.shuffle(using: &random)
        two.cluster.hosts = Dictionary(
            uniqueKeysWithValues: one.cluster.hosts.shuffled(using: &random))
        #expect(one.assignment() == two.assignment())
        #expect(one.assignment().count > 0)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func overfillsNoHostAndBreaksNoHardRule(_ seed: UInt64) throws {
        let situation = try Situation(seed: seed)
        let assignment = situation.assignment()
        var guests: [HostID: [PlacementRequest]] = [:]
        for request in situation.requests {
            if let host = assignment[request.vm] { guests[host, default: []].append(request) }
        }
        for (id, guests) in guests {
            let host = try #require(situation.cluster.hosts[id]?.value)
            #expect(host.message == nil)
            #expect(guests.reduce(0) { $0 + $1.ram.count } <= host.totalRAM.count)
            #expect(guests.reduce(0) { $0 + $1.vcpus } <= host.totalVCPU * 8)
            for guest in guests {
                #expect(guest.vcpus <= host.totalVCPU)
                #expect(guest.pin == nil || guest.pin == id)
                for (label, value) in guest.wishes.required { #expect(host.labels[label] == value) }
                for (group, affinity) in guest.wishes.groups where affinity == .antiAffinity {
                    let others = guests.filter {
                        $0.vm != guest.vm && $0.wishes.groups[group] != nil
                    }
                    #expect(others.isEmpty, "\(guest.vm) wants to be alone on \(id)")
                }
            }
        }
        for request in situation.requests {
            for (group, affinity) in request.wishes.groups where affinity == .affinity {
                guard let host = assignment[request.vm] else { continue }
                let others = situation.requests.filter {
                    $0.vm != request.vm && $0.wishes.groups[group] != nil
                        && assignment[$0.vm] != nil && precedes($0, request)
                }
                #expect(others.isEmpty || others.contains { assignment[$0.vm] == host })
            }
        }
    }

    private func precedes(_ one: PlacementRequest, _ other: PlacementRequest) -> Bool {
        (-one.wishes.priority, one.since, one.vm) < (-other.wishes.priority, other.since, other.vm)
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func aFurtherHostTakesNoVMsPlaceAway(_ seed: UInt64) throws {
        var situation = try Situation(seed: seed)
        let before = Placement(situation.cluster)
        try situation.cluster.addHost("new", ram: 4096, vcpus: 4, labels: ["rack": "1"])
        let after = Placement(situation.cluster)
        for request in situation.requests {
            let old = before.candidates(for: request).map(\.host)
            let new = after.candidates(for: request).map(\.host)
            #expect(new.filter { $0.text != "new" } == old, "and in the order that it was")
        }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func aHostThatGoesChangesOnlyWhatWasItsOwn(_ seed: UInt64) throws {
        var situation = try Situation(seed: seed)
        let before = Placement(situation.cluster)
        situation.cluster.hosts[HostID(unchecked: "host-3")] = nil
        let after = Placement(situation.cluster)
        for request in situation.requests {
            let old = before.candidates(for: request).map(\.host)
            #expect(
                after.candidates(for: request).map(\.host) == old.filter { $0.text != "host-3" })
        }
    }

    @Test(arguments: 1...10 as ClosedRange<UInt64>)
    func ranksCountTheHostsThatAreBetter(_ seed: UInt64) throws {
        let situation = try Situation(seed: seed, vms: 1)
        let request = try #require(situation.requests.first)
        let candidates = Placement(situation.cluster).candidates(for: request).map(\.host)
        let first = try #require(situation.assignment()[request.vm])
        #expect(first == candidates.first)
        for host in situation.cluster.hosts.keys {
            #expect(
                Placement(situation.cluster).rank(of: host, for: request, assigned: first)
                    == candidates.firstIndex(of: host))
        }
    }

    @Test func theHigherPriorityGetsTheRoomAndTheElderAmongEquals() throws {
        var cluster = Cluster()
        try cluster.addHost("a", ram: 1000)
        func request(_ vm: String, _ priority: Int, since: Int64) throws -> PlacementRequest {
            PlacementRequest(
                vm: VMID(unchecked: vm), since: Revision(since), ram: try Mebibytes(400), vcpus: 1,
                wishes: PlacementWishes(priority: priority))
        }
        let assignment = Assignment(
            of: try [
                request("young", 0, since: 9), request("old", 0, since: 7),
                request("important", 5, since: 12), request("humble", -1, since: 1),
            ], on: Placement(cluster))
        #expect(
            assignment.share(of: HostID(unchecked: "a")).map(\.text) == ["important", "old"])
    }

    @Test func theVMsOfADeadHostAreSharedByAllOthers() throws {
        var cluster = Cluster()
        for number in 0..<19 { try cluster.addHost("host-\(number)", ram: 65536, vcpus: 16) }
        let requests = try (0..<100).map {
            PlacementRequest(
                vm: VMID(unchecked: "vm-\($0)"), since: Revision(Int64($0)),
                ram: try Mebibytes(512),
                vcpus: 1)
        }
        let assignment = Assignment(of: requests, on: Placement(cluster))
        let shares = Dictionary(grouping: requests.compactMap { assignment[$0.vm] }) { $0 }
            .mapValues(\.count)
        #expect(shares.values.reduce(0, +) == 100)
        #expect(try #require(shares.values.max()) == 6)
        #expect(try #require(shares.values.min()) == 5)
    }

    @Test func softWishesCountBeforeLoadAndHinderNothing() throws {
        var cluster = Cluster()
        try cluster.addHost("near", ram: 1024, labels: ["disk": "fast"])
        try cluster.addHost("far", ram: 8192)
        let request = PlacementRequest(
            vm: VMID(unchecked: "web"), ram: try Mebibytes(900), vcpus: 1,
            wishes: PlacementWishes(preferred: ["disk": "fast"]))
        #expect(
            Placement(cluster).candidates(for: request).map(\.host.text) == ["near", "far"])
        cluster.hosts[HostID(unchecked: "near")] = nil
        #expect(Placement(cluster).candidates(for: request).map(\.host.text) == ["far"])
    }

    /// Each would be with one of the others and without the next, so nobody can have all of it.
    @Test func softRulesThatGoRoundInACircleLeaveNobodyWithoutAHost() throws {
        var cluster = Cluster()
        for host in ["a", "b"] { try cluster.addHost(host, ram: 4096, vcpus: 8) }
        let groups: [[String: PlacementWishes.Affinity]] = [
            ["x": .softAffinity, "y": .softAntiAffinity],
            ["y": .softAffinity, "z": .softAntiAffinity],
            ["z": .softAffinity, "x": .softAntiAffinity],
        ]
        let requests = try (0..<9).map { number in
            PlacementRequest(
                vm: VMID(unchecked: "vm-\(number)"), ram: try Mebibytes(100), vcpus: 1,
                wishes: PlacementWishes(groups: groups[number % 3]))
        }
        let assignment = Assignment(of: requests, on: Placement(cluster))
        #expect(assignment.count == requests.count)
        #expect(assignment == Assignment(of: requests.reversed(), on: Placement(cluster)))
    }

    @Test func rulesThatContradictEachOtherAreNamed() throws {
        var cluster = Cluster()
        try cluster.addHost("a")
        try cluster.addHost("b")
        try cluster.addClaim("one", on: "a", ram: 100, vcpus: 1)
        try cluster.want("one", groups: ["web": .antiAffinity, "db": .softAffinity])
        let request = PlacementRequest(
            vm: VMID(unchecked: "two"), ram: try Mebibytes(100), vcpus: 1,
            wishes: PlacementWishes(groups: ["web": .antiAffinity, "db": .affinity]))
        let placement = Placement(cluster)
        #expect(placement.candidates(for: request).isEmpty)
        #expect(
            placement.refusals(of: request).mapValues { $0.map(\.description) } == [
                HostID(unchecked: "a"): [
                    "group web keeps its VMs apart, and the host runs one of them"
                ],
                HostID(unchecked: "b"): ["group db keeps its VMs together, and they run on a"],
            ])
    }

    @Test func aVMsOwnClaimIsNoReasonAgainstAnotherHost() throws {
        var cluster = Cluster()
        try cluster.addHost("a")
        try cluster.addHost("b")
        try cluster.addClaim("one", on: "a", ram: 100, vcpus: 1)
        try cluster.want("one", groups: ["db": .affinity])
        let vm = VMID(unchecked: "one")
        let request = PlacementRequest(
            vm: vm, ram: try Mebibytes(100), vcpus: 1,
            wishes: PlacementWishes(groups: ["db": .affinity]))
        #expect(Placement(cluster, without: vm).candidates(for: request).count == 2)
    }
}
