import MetaStackModel
import Testing

@testable import LinuxNetwork

/// The flows of a network's bridge: values only.
@Suite struct SwitchFlowsTests {
    private func flows(
        _ guests: [Int], groups: [String] = [], records: [String: [SecurityRule]] = [:],
        members: [String: [String]] = [:], subnets: [Subnet]? = nil,
        _ change: (inout HostNetworks) -> Void = { _ in }
    ) throws -> SwitchFlows {
        let ports = try guests.map {
            try Make.port("tap\($0)", "blue", number: $0, groups: groups)
        }
        let record = try SwitchWorld.vlan("blue", 5, subnets: subnets)
        var wanted = try Make.wanted(["blue": record], ports)
        for (name, rules) in records {
            wanted.groups[try SecurityGroupID(name)] = SecurityGroup(
                name: try ResourceName(name), rules: rules)
        }
        for (name, addresses) in members {
            wanted.members[try SecurityGroupID(name)] = Set(
                try addresses.map {
                    AddressID(network: try NetworkID("blue"), address: try IPAddress($0))
                })
        }
        change(&wanted)
        let names = NetworkNames(try NetworkID("blue"))
        let network = PlannedNetwork(
            id: try NetworkID("blue"), record: record, names: names, bridge: names.bridge,
            mtu: 1500, namespace: "/x", links: [])
        let numbers = Dictionary(
            uniqueKeysWithValues: ports.enumerated().map { ($1.interface, 16 + $0) })
        return SwitchFlows(network, in: wanted, numbers: numbers)
    }

    private func rule(
        _ protocol: IPProtocol = .tcp, ports: String? = nil,
        _ remote: SecurityRule.Remote = .anybody, _ direction: SecurityRule.Direction = .ingress
    ) throws -> SecurityRule {
        try SecurityRule(
            direction: direction, protocol: `protocol`, ports: ports.map { try PortRange($0) },
            remote: remote)
    }

    @Test func everyMatchIsSaidOnce() throws {
        let both = try [rule(ports: "80"), rule(ports: "80")]
        let flows = try flows(
            [10, 11], groups: ["web", "front"], records: ["web": both, "front": both])
        let places = flows.all.map { "\($0.stage) \($0.priority) \($0.match)" }
        #expect(Set(places).count == places.count)
    }

    @Test func nothingPassesByItself() throws {
        let flows = try flows([10])
        #expect(flows.all.allSatisfy { !$0.text.contains("NORMAL") && !$0.text.contains("LOCAL") })
        // From a guest nothing goes on but by its own MAC and addresses.
        for stage in [Flow.Stage.arriving, .sources] {
            let open = flows.all.filter { $0.stage == stage && !$0.match.contains("in_port=") }
            #expect(open.isEmpty, "\(open.map(\.text))")
        }
    }

    @Test func rulesOfGroupsGrowWithMembersAndNICsAndNotWithTheirProduct() throws {
        let rules = try [rule(.any, nil, .group("web"))]
        func count(_ guests: Int, _ members: Int) throws -> Int {
            try flows(
                Array(10..<10 + guests), groups: ["web"], records: ["web": rules],
                members: ["web": (1...members).map { "10.7.1.\($0)" }]
            ).all.count
        }
        let (base, guests, members, both) = try (
            count(10, 10), count(20, 10), count(10, 20), count(20, 20)
        )
        #expect(both - base == (guests - base) + (members - base))
    }

    private func rule(
        _ protocol: IPProtocol, _ ports: String?, _ remote: SecurityRule.Remote
    ) throws -> SecurityRule { try rule(`protocol`, ports: ports, remote) }

    @Test func theSameOfSeveralGroupsIsOneFlowOfSeveralConjunctions() throws {
        let flows = try flows(
            [10], groups: ["web"],
            records: [
                "web": [rule(ports: "80", .group("front")), rule(ports: "80", .group("back"))],
                "front": [], "back": [],
            ], members: ["front": ["10.7.0.3"], "back": ["10.7.0.3", "10.7.0.4"]])
        let texts = flows.all.map(\.text)
        #expect(
            texts.contains {
                $0.contains("reg1=0x10,tcp,tp_dst=80 ") && $0.contains("actions=conjunction(")
                    && $0.contains("),conjunction(")
            })
        #expect(texts.contains { $0.contains("nw_src=10.7.0.3 actions=conjunction(") })
    }

    @Test(arguments: [
        ("80", ["80"]), ("80-81", ["0x50/0xfffe"]), ("1-65535", nil as [String]?),
        ("1000-1003", ["0x3e8/0xfffc"]), ("79-82", ["79", "0x50/0xfffe", "82"]),
        ("65535", ["65535"]),
    ])
    func portsAreTheFewestMasks(text: String, masks: [String]?) throws {
        let range = try PortRange(text)
        if let masks { #expect(range.masks == masks) }
        // Each port is in one of them, and no other is.
        var covered = 0
        for mask in range.masks {
            let parts = mask.split(separator: "/")
            let bits = parts.count == 2 ? Int(parts[1].dropFirst(2), radix: 16) ?? 0 : 0xffff
            covered += 0x10000 - bits
        }
        #expect(covered == Int(range.last) - Int(range.first) + 1)
    }

    @Test func metersAreReadAsTheyAreWritten() throws {
        let answer = """
            OFPST_METER_CONFIG reply (OF1.5) (xid=0x2):
            meter=32 kbps burst stats bands=
            type=drop rate=8000 burst_size=9049

            meter=33 kbps burst stats bands=
            type=drop rate=8000 burst_size=1

            meter=34 pktps stats bands=
            type=drop rate=8000
            """
        let found = SwitchMeter.read(answer)
        #expect(found[32] == SwitchMeter(number: 32, rate: 8000))
        #expect(found[33]?.rate == 0)
        #expect(found[34]?.rate == 0)
        #expect(SwitchMeter(number: 32, rate: 8000).text.contains("rate=8000,burst_size=9049"))
    }

    @Test func aNICWithoutGroupsGetsWhatItLikesAndAnotherOnlyWhatIsAllowed() throws {
        let free = try flows([10]).all.filter { $0.stage == .ingress && $0.match == "reg1=0x10" }
        #expect(free.count == 1)
        let shut = try flows([10], groups: ["none"]).all
        #expect(!shut.contains { $0.stage == .ingress && $0.match.contains("reg1=0x10") })
    }

    @Test func onlyAGuestThatHasJustArrivedIsSentSegmentsOfUnknownConnections() throws {
        let isOpen = { (flows: SwitchFlows) in
            flows.all.contains { $0.match.contains("tcp_flags=+ack-syn") }
        }
        #expect(try !isOpen(flows([10], groups: ["none"])))
        #expect(try isOpen(flows([10], groups: ["none"]) { $0.ports[0].hasArrived = true }))
    }
}
