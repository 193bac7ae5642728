import MetaStackModel
import Testing

@testable import LinuxNetwork

/// What is translated, as texts and values.
@Suite struct TranslationTests {
    private func six(_ pool: String = "198.51.100.0/28") throws -> Network {
        try Network(
            name: ResourceName("six"), kind: .vxlan(vni: 6, group: nil, port: 4789),
            subnets: [
                Subnet(
                    prefix: IPPrefix("2001:db8:7::/64"), gateway: IPAddress("2001:db8:7::1"),
                    gatewayMode: .node)
            ], nat64: NAT64(ipv4: IPPrefix(pool), prefix: IPPrefix("fd00:64::/96")))
    }

    private func port(_ number: Int, groups: [String] = []) throws -> GuestPort {
        try Make.port("tap\(number)", "six", number: number, v4: "198.51.100.", groups: groups)
    }

    private func plan(
        _ wanted: HostNetworks, _ offer: KernelOffer = KernelOffer(tracking: .marks)
    ) throws -> LinkPlan {
        let reading = try LinkReading(
            links: """
                [{"ifname": "eth0", "mtu": 1500, "flags": ["UP"],
                  "addr_info": [{"local": "fd00:77::1"}]}]
                """, forwarding: "[]", routes: [])
        let settings = PlaneSettings(
            directory: "/run/x", bridge: try InterfaceName("br0"),
            underlay: try IPAddress("fd00:77::1"))
        return LinkPlan(wanted, settings: settings, offer: offer, reading: reading, fresh: [])
    }

    @Test func oneGuestsAddressIsTranslatedToOne() throws {
        let translation = try #require(
            try Translation(six(), ports: [port(11), port(10)], mtu: 1430))
        #expect(
            Tayga.configuration(translation) == """
                tun-device nat64
                ipv4-addr 192.0.0.8
                prefix fd00:64::/96
                # mtu 1430
                map 198.51.100.10 2001:db8:7::a
                map 198.51.100.11 2001:db8:7::b

                """)
        #expect(Tayga.links(translation).contains("route replace 198.51.100.11 dev nat64"))
    }

    @Test func eachHostIsTheWayToItsOwnGuestsAlone() throws {
        let plan = try plan(Make.wanted(["six": six()], [port(10)]))
        let routes = plan.links.filter { $0.hasPrefix("route replace 198.") }
        #expect(routes.count == 1)
        #expect(routes.first?.hasPrefix("route replace 198.51.100.10/32 via inet6") == true)
    }

    @Test func aRouteToOneAddressIsReadAsOne() throws {
        let reading = try LinkReading(
            links: "[]", forwarding: "[]",
            routes: [#"[{"dst": "198.51.100.10", "dev": "msr"}, {"dst": "default", "dev": "x"}]"#])
        #expect(reading.routes == ["msr": [try IPPrefix("198.51.100.10/32")]])
    }

    @Test func aHostWithoutATranslatorOrWithAnotherWayToThemSaysSo() throws {
        let wanted = try Make.wanted(["six": six()], [port(10)])
        let none = KernelOffer(tracking: .marks, noNAT64: "tayga is not installed")
        let id = try NetworkID("six")
        #expect(try plan(wanted, none).problems == [id: "tayga is not installed"])
        var twice = wanted
        var second = try Make.port("tap2", "two", number: 11, v4: "198.51.100.")
        second.addresses[1] = try IPAddress("2001:db8:8::b")
        var two = try six("198.51.100.0/24")
        two.subnets = [
            try Subnet(
                prefix: IPPrefix("2001:db8:8::/64"), gateway: IPAddress("2001:db8:8::1"),
                gatewayMode: .node)
        ]
        two.kind = .vxlan(vni: 7, group: nil, port: 4789)
        twice.networks[try NetworkID("two")] = two
        twice.ports.append(second)
        let problem = try plan(twice).problems[try NetworkID("two")]
        #expect(problem?.contains("198.51.100.0/24 overlaps 198.51.100.0/28") == true)
    }

    @Test func theGuestItselfHasNoIPv4() throws {
        let wanted = try Make.wanted(["six": six()], [port(10)])
        let rules = Protection(wanted, tracking: .marks).bridge.chains["from_tap10"]?.rules ?? []
        #expect(rules.contains("ether type ip drop"))
        #expect(!rules.joined().contains("198.51.100.10"))
        let leases = try DNSMasqText.leases(six(), [port(10)])
        #expect(!leases.contains("198.51.100.10"))
    }

    @Test func groupsRulesOfIPv4CountForWhatIsTranslated() throws {
        var wanted = try Make.wanted(["six": six()], [port(10, groups: ["web"])])
        let group = try SecurityGroupID("web")
        wanted.groups[group] = SecurityGroup(
            name: try ResourceName("web"),
            rules: try [
                SecurityRule(
                    direction: .ingress, protocol: .tcp, ports: PortRange("80"),
                    remote: .prefix(IPPrefix("10.0.0.0/8"))),
                SecurityRule(direction: .ingress, protocol: .icmp),
                SecurityRule(direction: .ingress, remote: .group("web")),
            ])
        wanted.members[group] = [
            AddressID(network: try NetworkID("far"), address: try IPAddress("10.7.0.9"))
        ]
        let rules = Protection(wanted, tracking: .marks).bridge
        let to = rules.chains["to_tap10"]?.rules ?? []
        #expect(to.contains("ip6 saddr fd00:64::a00:0/104 tcp dport 80 accept"))
        #expect(
            to.contains("ip6 saddr fd00:64::/96 meta protocol ip6 meta l4proto ipv6-icmp accept"))
        let set = MemberSet(
            group: group, network: try NetworkID("six"), family: .ipv4, isTranslated: true)
        #expect(to.contains("ip6 saddr @\(set.name) accept"))
        #expect(rules.collections[set.name]?.elements.keys.sorted() == ["fd00:64::a07:9"])
        #expect(rules.collections[set.name]?.type == "ipv6_addr")
    }
}
