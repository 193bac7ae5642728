import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Which commands make a host's links what they are to be: values only.
@Suite struct LinkPlanTests {
    private let settings: PlaneSettings
    private let offer = KernelOffer(tracking: .marks)

    init() throws {
        settings = PlaneSettings(
            directory: "/run/x", bridge: try InterfaceName("br0"),
            underlay: try IPAddress("fd00::1"))
    }

    private var reading: LinkReading {
        var reading = LinkReading()
        reading.links["eth0"] = LinkReading.Link(mtu: 1500, isUp: true)
        reading.addresses["eth0"] = [settings.underlay].compactMap(\.self).reduce(into: []) {
            $0.insert($1)
        }
        return reading
    }

    private func plan(
        _ network: Network, peers: [String] = [], _ reading: LinkReading? = nil,
        offer: KernelOffer? = nil
    ) throws -> LinkPlan {
        var wanted = try Make.wanted(
            ["blue": network], [Make.port("tap1", "blue", number: 10)],
            peers: peers.map { try IPAddress($0) })
        wanted.groups = [:]
        return LinkPlan(
            wanted, settings: settings, offer: offer ?? self.offer,
            reading: reading ?? self.reading, fresh: [])
    }

    private func network(_ kind: Network.Kind, mtu: Int? = nil) throws -> Network {
        try Network(name: ResourceName("blue"), kind: kind, mtu: mtu)
    }

    @Test func itIsKnownWhoseLinesThereAre() throws {
        let blue = try NetworkID("blue")
        let plan = try plan(network(.vxlan(vni: 70, group: nil, port: 4789)))
        #expect(plan.unfinished == [blue] && !plan.hasOtherLines)
        var reading = reading
        let other = NetworkNames(try NetworkID("red")).bridge
        reading.links["br0"] = LinkReading.Link(kind: "bridge", mtu: 1500, isUp: true)
        let done = try self.plan(
            network(.bridge(nil)), reading, offer: KernelOffer(tracking: .bridge))
        #expect(done.isEmpty && done.unfinished.isEmpty && !done.hasOtherLines)
        reading.links[other] = LinkReading.Link(
            kind: "bridge", mtu: 1500, isUp: true, alias: "metastack network red")
        let left = try self.plan(
            network(.bridge(nil)), reading, offer: KernelOffer(tracking: .bridge))
        #expect(left.unfinished.isEmpty && left.hasOtherLines)
    }

    @Test func aVXLANIsABridgeWithAPortThatSendsToEachHost() throws {
        let names = NetworkNames(try NetworkID("blue"))
        let plan = try plan(
            network(.vxlan(vni: 70, group: nil, port: 4789)), peers: ["fd00::1", "fd00::2"])
        #expect(
            plan.links.first
                == "link add name \(names.bridge) type bridge stp_state 0 forward_delay 0 "
                + "mcast_snooping 0 nf_call_iptables 1 nf_call_ip6tables 1")
        #expect(
            plan.links.contains(
                "link add name \(names.vxlan) type vxlan id 70 dstport 4789 local fd00::1"))
        #expect(plan.links.contains("link set dev \(names.vxlan) mtu 1430"))
        #expect(plan.links.contains("link set dev \(names.vxlan) master \(names.bridge)"))
        #expect(
            plan.links.contains("link set dev \(names.bridge) alias \"metastack network blue\""))
        // Not to itself.
        #expect(
            plan.forwarding == ["fdb append 00:00:00:00:00:00 dev \(names.vxlan) dst fd00::2"])
    }

    @Test func hostsOfAGroupFindEachOther() throws {
        let plan = try plan(
            network(.vxlan(vni: 70, group: IPAddress("ff05::70"), port: 4789)), peers: ["fd00::2"])
        #expect(plan.forwarding.isEmpty)
        #expect(
            plan.links.contains { $0.hasSuffix("local fd00::1 group ff05::70 ttl 16 dev eth0") })
    }

    @Test func aVLANIsALinkOnItsUplink() throws {
        let names = NetworkNames(try NetworkID("blue"))
        let plan = try plan(network(.vlan(uplink: InterfaceName("eth0"), id: 12)))
        #expect(plan.links.contains("link add link eth0 name \(names.vlan) type vlan id 12"))
        #expect(plan.networks[try NetworkID("blue")]?.mtu == 1500)
    }

    @Test func whatIsMissingIsSaid() throws {
        func problem(
            _ kind: Network.Kind, mtu: Int? = nil, offer: KernelOffer? = nil,
            _ reading: LinkReading? = nil
        ) throws -> String? {
            let plan = try plan(network(kind, mtu: mtu), reading, offer: offer)
            #expect(plan.isEmpty)
            return plan.problems[try NetworkID("blue")]
        }
        let vxlan = Network.Kind.vxlan(vni: 70, group: nil, port: 4789)
        #expect(try problem(.bridge(nil)) == "this host has no bridge br0")
        #expect(
            try problem(.bridge(InterfaceName("eth0"))) == "eth0 of this host is no bridge")
        #expect(
            try problem(.vlan(uplink: InterfaceName("eth9"), id: 5))
                == "this host has no uplink eth9")
        #expect(
            try problem(
                .vlan(uplink: InterfaceName("eth0"), id: 5),
                offer: KernelOffer(tracking: .marks, hasVLANs: false))
                == "this host's kernel has no VLANs (8021q)")
        #expect(
            try problem(vxlan, mtu: 1431)
                == "its MTU of 1431 bytes does not fit this host, where it is 1430 at most")
        #expect(
            try problem(vxlan, offer: KernelOffer(tracking: .marks, hasVXLANs: false))
                == "this host's kernel has no VXLANs (vxlan)")
        #expect(
            try problem(vxlan, LinkReading())
                == "none of this host's links has its address for VXLAN, fd00::1")
    }

    @Test func anotherVNIIsAnotherLink() throws {
        let names = NetworkNames(try NetworkID("blue"))
        var reading = reading
        reading.links[names.vxlan] = LinkReading.Link(
            kind: "vxlan", master: names.bridge, mtu: 1430, isUp: true,
            alias: "metastack network blue",
            vxlan: LinkReading.VXLAN(vni: 69, port: 4789, local: settings.underlay))
        reading.floods[names.vxlan] = [try IPAddress("fd00::2")]
        let plan = try plan(
            network(.vxlan(vni: 70, group: nil, port: 4789)), peers: ["fd00::2"], reading)
        #expect(plan.links.contains("link delete dev \(names.vxlan)"))
        // What it sent to went with it.
        #expect(plan.forwarding.count == 1)
    }

    @Test func aHostThatWentIsSentToNoMore() throws {
        let names = NetworkNames(try NetworkID("blue"))
        var reading = reading
        for (name, kind) in [(names.bridge, "bridge"), (names.vxlan, "vxlan")] {
            reading.links[name] = LinkReading.Link(
                kind: kind, master: kind == "vxlan" ? names.bridge : nil, mtu: 1430, isUp: true,
                alias: "metastack network blue")
        }
        reading.links[names.vxlan]?.vxlan = LinkReading.VXLAN(
            vni: 70, port: 4789, local: settings.underlay)
        reading.floods[names.vxlan] = [try IPAddress("fd00::2"), try IPAddress("fd00::3")]
        let plan = try plan(
            network(.vxlan(vni: 70, group: nil, port: 4789)), peers: ["fd00::3"], reading)
        #expect(plan.links.isEmpty)
        #expect(
            plan.forwarding == ["fdb delete 00:00:00:00:00:00 dev \(names.vxlan) dst fd00::2"])
    }

    @Test func linksOfOthersStay() throws {
        let old = NetworkNames(try NetworkID("old")).bridge
        var reading = reading
        reading.links[old] = LinkReading.Link(kind: "bridge", alias: "metastack network old")
        // By its name alone it would be ours.
        let other = NetworkNames(try NetworkID("other")).bridge
        reading.links[other] = LinkReading.Link(kind: "bridge", alias: "somebody's")
        reading.links["msb"] = LinkReading.Link(kind: "bridge", alias: "metastack network x")
        let plan = LinkPlan(
            HostNetworks(), settings: settings, offer: offer, reading: reading, fresh: [])
        #expect(plan.links == ["link delete dev \(old)"])
    }

    @Test func twoGatewaysOfOnePrefixAreNotOnOneHost() throws {
        let subnet = try Subnet(
            prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"), gatewayMode: .node)
        let wanted = try Make.wanted(
            [
                "blue": Make.vxlan("blue", vni: 70, subnets: [subnet]),
                "red": Make.vxlan("red", vni: 71, subnets: [subnet]),
            ],
            [Make.port("tap1", "blue", number: 10), Make.port("tap2", "red", number: 10)])
        let plan = LinkPlan(
            wanted, settings: settings, offer: offer, reading: reading, fresh: [])
        #expect(
            plan.problems[try NetworkID("red")]
                == "this host is the gateway of 10.7.0.0/24 in network blue already, which "
                + "10.7.0.0/24 overlaps")
        #expect(plan.networks.keys.map(\.text) == ["blue"])
    }
}
