import MetaStackModel

/// How a guest sets up its NICs, where its record leaves that to MetaStack: cloud-init's network
/// config, version 2.
///
/// Each NIC is known by its MAC address and called `eth` and its place. On a bridge that is there
/// already its addresses are written down, since others may serve that network; on a network that
/// MetaStack makes, the node tells them (DHCP and router advertisements), so that what changes later
/// reaches the guest.
extension Seed {
    /// nil where no NIC is on a network.
    static func networkConfig(
        of nics: [ActualNIC], _ networkOf: (NetworkID) -> Network?
    ) -> String? {
        guard nics.contains(where: { $0.network != nil }) else { return nil }
        var lines = ["version: 2", "ethernets:"]
        for (place, nic) in nics.enumerated() {
            lines += [
                "  eth\(place):", "    match:", "      macaddress: \(quoted(nic.mac.description))",
                "    set-name: eth\(place)",
            ]
            let network = nic.network.flatMap(networkOf)
            lines += network.map { settings(of: nic, on: $0) } ?? dhcp([.ipv4], isOptional: true)
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private static func settings(of nic: ActualNIC, on network: Network) -> [String] {
        var lines: [String] = []
        if let mtu = network.mtu { lines.append("    mtu: \(mtu)") }
        guard case .bridge = network.kind, !nic.addresses.isEmpty else {
            return lines + dhcp(network.families, isOptional: network.families.isEmpty)
        }
        let pairs = nic.addresses.compactMap { address in
            network.subnet(of: address).map { (address: address, subnet: $0) }
        }
        lines += list(
            "addresses", pairs.map { quoted("\($0.address)/\($0.subnet.prefix.length)") })
        lines += routes(pairs.map(\.subnet))
        lines += nameServers(pairs.map(\.subnet), network.search)
        return lines
    }

    /// - Parameter isOptional: whether the guest's start waits for nothing of it.
    private static func dhcp(_ families: [IPAddress.Family], isOptional: Bool) -> [String] {
        var lines = ["    dhcp4: \(families.contains(.ipv4))"]
        if families.contains(.ipv6) { lines += ["    dhcp6: true", "    accept-ra: true"] }
        if isOptional { lines.append("    optional: true") }
        return lines
    }

    private static func routes(_ subnets: [Subnet]) -> [String] {
        let ways = subnets.flatMap { subnet in
            let all = subnet.prefix.family == .ipv4 ? "0.0.0.0/0" : "::/0"
            return (subnet.gateway.map { [(to: all, via: $0)] } ?? [])
                + subnet.routes.map { (to: $0.to.description, via: $0.via) }
        }
        return list(
            "routes",
            ways.map { "{to: \(quoted($0.to)), via: \(quoted($0.via.description))}" })
    }

    private static func nameServers(_ subnets: [Subnet], _ search: [DomainName]) -> [String] {
        let servers = subnets.flatMap(\.dns).map { quoted($0.description) }
        let domains = search.map { quoted($0.text) }
        guard !servers.isEmpty || !domains.isEmpty else { return [] }
        return ["    nameservers:"]
            + (servers.isEmpty ? [] : ["      addresses: [\(servers.joined(separator: ", "))]"])
            + (domains.isEmpty ? [] : ["      search: [\(domains.joined(separator: ", "))]"])
    }

    private static func list(_ name: String, _ items: [String]) -> [String] {
        items.isEmpty ? [] : ["    \(name):"] + items.map { "      - \($0)" }
    }
}
