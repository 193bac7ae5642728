import Foundation
import MetaStackModel
import Testing

struct NetworkTests {
    private func network(_ fields: String) throws -> Network {
        try Network(json: Data("{\"name\": \"blue\", \(fields)}".utf8), path: "networks/blue")
    }

    private func subnet(_ fields: String) throws -> Subnet {
        let network = try network("\"kind\": \"bridge\", \"subnets\": [{\(fields)}]")
        return try #require(network.subnets.first)
    }

    @Test func readsEachKind() throws {
        #expect(try network(#""kind": "bridge""#).kind == .bridge(nil))
        #expect(try network(#""labels": {}"#).kind == .bridge(nil))
        #expect(try network(#""vni": 70"#).kind.word == .vxlan)
        #expect(try network(#""uplink": "eth1", "vlan": 7"#).kind.word == .vlan)
        #expect(
            try network(#""kind": "vlan", "uplink": "eth1", "vlan": 7"#).kind
                == .vlan(uplink: InterfaceName("eth1"), id: 7))
        #expect(
            try network(#""kind": "vxlan", "vni": 70"#).kind
                == .vxlan(vni: 70, group: nil, port: 4789))
    }

    /// What is wrong with a network, and the field that is to blame.
    @Test(arguments: [
        (#""kind": "tunnel""#, "kind", "use one of bridge, vlan, vxlan"),
        (#""kind": "bridge", "vni": 5"#, "vni", "a bridge has no vni"),
        (#""kind": "vxlan", "vni": 5, "uplink": "eth0""#, "uplink", "a vxlan has no uplink"),
        (#""kind": "vlan", "uplink": "eth0""#, "vlan", "a vlan needs one"),
        (#""kind": "vlan", "vlan": 5"#, "uplink", "a vlan needs one"),
        (#""kind": "vlan", "uplink": "eth0", "vlan": 4095"#, "vlan", "between 1 and 4094"),
        (#""kind": "vxlan", "vni": 0"#, "vni", "between 1 and 16777215"),
        (#""kind": "vxlan", "vni": 1, "port": 0"#, "port", "between 1 and 65535"),
        (#""kind": "vxlan", "vni": 1, "group": "239.0.0.1""#, "group", "IPv6 multicast group"),
        (#""kind": "vxlan", "vni": 1, "group": "fd00::1""#, "group", "IPv6 multicast group"),
        (#""kind": "bridge", "bridge": "a/b""#, "bridge", "no '/'"),
        (#""kind": "bridge", "mtu": 500"#, "mtu", "between 576 and 65535"),
        (
            #""kind": "bridge", "mtu": 1000, "subnets": [{"prefix": "fd00::/64"}]"#, "mtu",
            "between 1280 and 65535 bytes where there is an IPv6 subnet"
        ),
        (#""kind": "bridge", "domain": "a_b""#, "domain", "letters"),
        (
            #""kind": "bridge", "subnets": [{"prefix": "10.0.0.0/8"}, {"prefix": "10.7.0.0/24"}]"#,
            "subnets.1.prefix", "overlaps subnet 10.0.0.0/8"
        ),
    ])
    func refusesWhatNoNetworkCanBe(_ fields: String, _ path: String, _ reason: String) {
        let error = #expect(throws: FieldProblem.self) {
            try Network(proposed: Data("{\"name\": \"blue\", \(fields)}".utf8))
        }
        #expect(error?.path == path)
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }

    @Test(arguments: [
        (#""prefix": "10.7.0.1/24""#, "prefix", "did you mean 10.7.0.0/24?"),
        (#""prefix": "10.7.0.0/31""#, "prefix", "too small, use /30"),
        (#""prefix": "10.7.0.0/32""#, "prefix", "too small, use /30"),
        (#""prefix": "fd00::/127""#, "prefix", "too small, use /126"),
        (#""prefix": "0.0.0.0/0""#, "prefix", "no addresses"),
        (#""prefix": "224.0.0.0/8""#, "prefix", "no addresses"),
        (#""prefix": "10.7.0.0/24", "gateway": "10.8.0.1""#, "gateway", "outside its prefix"),
        (#""prefix": "10.7.0.0/24", "gateway": "10.7.0.0""#, "gateway", "network's own address"),
        (#""prefix": "10.7.0.0/24", "gateway": "10.7.0.255""#, "gateway", "broadcast"),
        (#""prefix": "fd00::/64", "gateway": "fd00::""#, "gateway", "every router's"),
        (#""prefix": "fd00::/64", "gateway": "10.7.0.1""#, "gateway", "outside its prefix"),
        (#""prefix": "10.7.0.0/24", "gateway_mode": "far""#, "gateway_mode", "use one of external"),
        (#""prefix": "10.7.0.0/24", "gateway_mode": "node""#, "gateway", "node needs one"),
        (#""prefix": "10.7.0.0/24", "gateway_mode": "external""#, "gateway", "external needs one"),
        (
            #""prefix": "10.7.0.0/24", "gateway": "10.7.0.1", "gateway_mode": "none""#, "gateway",
            "contradict"
        ),
        (#""prefix": "10.7.0.0/24", "gateway": "10.7.0.1", "nat": true"#, "nat", "node"),
        (
            #""prefix": "fd00::/64", "gateway": "fd00::1", "gateway_mode": "node", "nat": true"#,
            "nat", "IPv4"
        ),
        (#""prefix": "10.7.0.0/24", "ranges": ["10.7.0.250-10.7.1.5"]"#, "ranges.0", "outside"),
        (
            #""prefix": "10.7.0.0/24", "ranges": ["10.7.0.2-10.7.0.9", "10.7.0.9"]"#, "ranges.1",
            "overlaps range"
        ),
        (
            #""prefix": "10.7.0.0/24", "routes": [{"to": "10.0.0.0/8", "via": "10.8.0.1"}]"#,
            "routes.0.via", "outside"
        ),
        (
            #""prefix": "10.7.0.0/24", "routes": [{"to": "fd00::/8", "via": "fe80::1"}]"#,
            "routes.0", "not of IPv4"
        ),
        (#""prefix": "10.7.0.0/24", "dns": ["224.0.0.1"]"#, "dns.0", "no name server"),
    ])
    func refusesWhatNoSubnetCanBe(_ fields: String, _ path: String, _ reason: String) {
        let json = #"{"name": "blue", "kind": "bridge", "subnets": [{\#(fields)}]}"#
        let error = #expect(throws: FieldProblem.self) { try Network(proposed: Data(json.utf8)) }
        #expect(error?.path == "subnets.0.\(path)")
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }

    @Test func aGatewayIsOutsideUnlessTheRecordSaysOtherwise() throws {
        #expect(try subnet(#""prefix": "10.7.0.0/24""#).gatewayMode == .none)
        #expect(
            try subnet(#""prefix": "10.7.0.0/24", "gateway": "10.7.0.1""#).gatewayMode == .external)
        let announced = try subnet(#""prefix": "fd00::/64", "gateway_mode": "external""#)
        #expect(announced.gateway == nil && announced.gatewayMode == .external)
        #expect(try subnet(#""prefix": "fd00::/64", "gateway": "fe80::1""#).gateway != nil)
    }

    @Test(arguments: [
        (#""prefix": "10.7.0.0/30""#, ["10.7.0.1-10.7.0.2"]),
        (#""prefix": "10.7.0.0/28", "gateway": "10.7.0.1""#, ["10.7.0.2-10.7.0.14"]),
        (
            #""prefix": "10.7.0.0/28", "gateway": "10.7.0.4", "dns": ["10.7.0.2", "9.9.9.9"]"#,
            ["10.7.0.1", "10.7.0.3", "10.7.0.5-10.7.0.14"]
        ),
        (
            #""prefix": "10.7.0.0/28", "gateway": "10.7.0.1", "ranges": ["10.7.0.0-10.7.0.3"]"#,
            ["10.7.0.2-10.7.0.3"]
        ),
        (#""prefix": "fd00::/64", "gateway": "fd00::1""#, ["fd00::1:0-fd00::ffff:ffff"]),
        (#""prefix": "fd00::/120", "gateway": "fd00::1""#, ["fd00::2-fd00::ff"]),
        (#""prefix": "fd00::/104""#, ["fd00::1:0-fd00::ff:ffff"]),
    ])
    func guestsGetWhatIsNobodys(_ fields: String, _ ranges: [String]) throws {
        #expect(try subnet(fields).dynamicRanges.map(\.description) == ranges)
    }

    @Test func saysWhichAddressesNoGuestCanHave() throws {
        let blue = try network(
            #""kind": "bridge", "subnets": [{"prefix": "10.7.0.0/24", "gateway": "10.7.0.1"}]"#)
        func problem(_ text: String) throws -> String? {
            blue.problem(withGuest: try IPAddress(text))
        }
        #expect(try problem("10.7.0.5") == nil)
        #expect(try problem("10.7.0.1") == "10.7.0.1 is the gateway of 10.7.0.0/24")
        #expect(try problem("10.7.0.255")?.contains("broadcast") == true)
        #expect(try problem("10.8.0.1")?.contains("none of network blue's subnets") == true)
        #expect(
            try network(#""kind": "bridge""#).problem(withGuest: IPAddress("10.7.0.1"))
                == "network blue has no subnets")
    }
}
