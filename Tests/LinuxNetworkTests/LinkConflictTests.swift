import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Records that contradict each other, found in etcd: one network stands still and says why.
@Suite struct LinkConflictTests {
    private func plan(
        _ blue: Network.Kind, _ red: Network.Kind, subnets: [Subnet] = [],
        of wanted: [String] = ["blue", "red"], _ change: (inout LinkReading) -> Void = { _ in }
    ) throws -> LinkPlan {
        let underlay = try IPAddress("fd00::1")
        var reading = LinkReading()
        reading.links["eth0"] = LinkReading.Link(mtu: 1500, isUp: true)
        reading.links["br0"] = LinkReading.Link(kind: "bridge", mtu: 1500, isUp: true)
        reading.addresses["eth0"] = [underlay]
        change(&reading)
        let ports = try wanted.enumerated().map {
            try Make.port("tap\($0)", $1, number: 10 + $0)
        }
        let networks = try ["blue": blue, "red": red].map { name, kind in
            (name, try Network(name: ResourceName(name), kind: kind, subnets: subnets))
        }
        return LinkPlan(
            try Make.wanted(Dictionary(uniqueKeysWithValues: networks), ports),
            settings: PlaneSettings(
                directory: "/run/x", bridge: try InterfaceName("br0"), underlay: underlay),
            offer: KernelOffer(tracking: .marks), reading: reading, fresh: [])
    }

    private let seventy = Network.Kind.vxlan(vni: 70, group: nil, port: 4789)

    @Test func aVNIOrAVLANIsOneNetworks() throws {
        let red = try NetworkID("red")
        let uplink = try InterfaceName("eth0")
        let five = Network.Kind.vlan(uplink: uplink, id: 5)
        for (kind, other, reason) in [
            (seventy, seventy, "vni 70 is network blue's on this host already"),
            (five, five, "vlan 5 on uplink eth0 is network blue's on this host already"),
            (seventy, .vxlan(vni: 71, group: nil, port: 4789), nil),
            (seventy, .vxlan(vni: 70, group: nil, port: 8472), nil),
            (five, .vlan(uplink: uplink, id: 6), nil),
        ] as [(Network.Kind, Network.Kind, String?)] {
            let plan = try plan(kind, other)
            #expect(plan.problems == reason.map { [red: $0] } ?? [:])
            #expect(plan.networks.keys.contains(try NetworkID("blue")))
        }
    }

    @Test func whoHasItKeepsItAndWhatIsWantedNoMoreIsInNobodysWay() throws {
        let names = NetworkNames(try NetworkID("red"))
        func hold(_ name: String, alias: String?) -> (inout LinkReading) -> Void {
            { reading in
                reading.links[name] = LinkReading.Link(
                    kind: "vxlan", mtu: 1430, isUp: true, alias: alias,
                    vxlan: LinkReading.VXLAN(vni: 70, port: 4789))
            }
        }
        let own = hold(names.vxlan, alias: "metastack network red")
        let kept = try plan(seventy, seventy, own)
        #expect(
            kept.problems == [try NetworkID("blue"): "vni 70 is network red's on this host already"]
        )
        #expect(kept.networks.keys.map(\.text) == ["red"])
        let left = try plan(seventy, seventy, of: ["blue"], own)
        #expect(left.problems.isEmpty && left.links.contains("link delete dev \(names.vxlan)"))
        let foreign = try plan(seventy, seventy, of: ["blue"], hold("vxlan0", alias: nil))
        #expect(
            foreign.problems == [try NetworkID("blue"): "vni 70 is that of this host's link vxlan0"]
        )
    }

    @Test func aBridgeHasNoAddressTwice() throws {
        let subnets = try Make.subnets(v6: nil)
        let plan = try plan(
            .bridge(nil), .bridge(InterfaceName("br0")), subnets: subnets)
        #expect(
            plan.problems == [
                try NetworkID("red"): "10.7.0.0/24 overlaps 10.7.0.0/24 of network blue, which is "
                    + "on the same bridge of this host"
            ])
        let other = try self.plan(.bridge(nil), seventy, subnets: subnets)
        #expect(other.problems.isEmpty)
    }

    /// With the kernel's own word: what cannot be for one network costs the other nothing.
    @Test func theOtherNetworkIsThere() async throws {
        try await Sandbox.run { sandbox in
            let host = sandbox.hosts[0]
            let networks = [
                "blue": try Make.vxlan("blue", vni: 70, subnets: Make.subnets()),
                "red": try Make.vxlan("red", vni: 70, subnets: Make.subnets()),
            ]
            let ports = try [
                Make.port("tap1", "blue", number: 10), Make.port("tap2", "red", number: 11),
            ]
            let plane = try await host.plane()
            // The later name was here first.
            let first = try await plane.converge(Make.wanted(networks, [ports[1]]))
            #expect(first.problems.isEmpty)
            let both = try await plane.converge(Make.wanted(networks, ports))
            #expect(both.problems.keys.map(\.text) == ["blue"])
            #expect(both.ready.keys.map(\.text) == ["red"])
            let second = try await plane.converge(Make.wanted(networks, [ports[0]]))
            #expect(second.problems.isEmpty && second.ready.keys.map(\.text) == ["blue"])
            _ = try await plane.converge(HostNetworks())
        }
    }
}
