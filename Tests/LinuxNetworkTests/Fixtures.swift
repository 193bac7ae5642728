import MetaStackModel

@testable import LinuxNetwork

/// Wishes of a host in few words.
enum Make {
    static func id(_ text: String) throws -> NetworkID { try NetworkID(text) }

    static func vxlan(
        _ name: String, vni: Int, subnets: [Subnet], mtu: Int? = nil, domain: String? = nil
    ) throws -> Network {
        try Network(
            name: ResourceName(name), kind: .vxlan(vni: vni, group: nil, port: 4789), mtu: mtu,
            subnets: subnets, domain: domain.map { try DomainName($0) })
    }

    static func subnets(
        v4: String? = "10.7.0.0/24", v6: String? = "2001:db8:7::/64"
    ) throws -> [Subnet] {
        try [v4, v6].compactMap(\.self).map { try Subnet(prefix: IPPrefix($0)) }
    }

    static func port(
        _ interface: String, _ network: String, number: Int, v4: String = "10.7.0.",
        v6: String = "2001:db8:7::", groups: [String] = []
    ) throws -> GuestPort {
        let digits = String(number, radix: 16)
        return try GuestPort(
            interface: InterfaceName(interface), network: NetworkID(network),
            mac: MACAddress("02:00:00:00:00:" + (digits.count < 2 ? "0" : "") + digits),
            addresses: [IPAddress("\(v4)\(number)"), IPAddress("\(v6)\(digits)")],
            groups: groups.map { try SecurityGroupID($0) }, name: "vm\(number)")
    }

    static func wanted(
        _ networks: [String: Network], _ ports: [GuestPort], peers: [IPAddress] = []
    ) throws -> HostNetworks {
        var wanted = HostNetworks()
        for (id, network) in networks {
            let id = try NetworkID(id)
            wanted.networks[id] = network
            wanted.peers[id] = Set(peers)
        }
        wanted.ports = ports
        return wanted
    }
}

extension GuestPort {
    var ipv4: IPAddress { addresses[0] }
    var ipv6: IPAddress { addresses[1] }
}
