import MetaStackModel

/// dnsmasq's files for one network: static leases for this host's guests, router advertisements,
/// and names; nothing for anybody else.
enum DNSMasqText {
    /// How long a guest keeps what it was told before it asks again. What is told can change, and a
    /// guest finds a server on every host.
    private static let leaseTime = "1h"
    /// Seconds between router advertisements, and for how long a router counts after its last one.
    private static let advertisements = (every: 60, lifetime: 1800)

    static func configuration(_ network: PlannedNetwork, _ files: ServiceFiles) -> String {
        let record = network.record
        var lines = [
            "# network \(record.name), made by metastack-node", "interface=service",
            "except-interface=lo", "bind-interfaces", "no-hosts", "no-poll", "leasefile-ro",
            "pid-file=\(files.process)", "dhcp-authoritative", "dhcp-ignore=tag:!known",
            "dhcp-hostsfile=\(files.leases)", "addn-hosts=\(files.names)", "dhcp-no-override",
            "dhcp-option=option:mtu,\(network.mtu)",
        ]
        // A network without a way out has nobody to ask for other names.
        lines.append(network.routed.isEmpty ? "no-resolv" : "resolv-file=/etc/resolv.conf")
        if let domain = fullDomain(record) {
            lines += ["domain=\(domain)", "local=/\(domain)/"]
        }
        if !record.search.isEmpty {
            let list = record.search.map(\.text).joined(separator: ",")
            lines += [
                "dhcp-option=option:domain-search,\(list)",
                "dhcp-option=option6:domain-search,\(list)",
            ]
        }
        if let rule = record.nat64 {
            // RFC 7050, by which a guest's own translator finds the prefix: dnsmasq has no DNS64.
            lines += Translation.wellKnownAddresses.map {
                "host-record=\(Translation.wellKnownName),\($0),\(rule.embedded($0))"
            }
        }
        for (index, subnet) in record.subnets.enumerated() {
            let tag = "subnet\(index)"
            lines += subnet.prefix.family == .ipv4 ? ipv4(subnet, tag) : ipv6(subnet, tag, network)
        }
        if record.families.contains(.ipv6) { lines += router(network) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func ipv4(_ subnet: Subnet, _ tag: String) -> [String] {
        let prefix = subnet.prefix
        var lines = [
            "dhcp-range=set:\(tag),\(prefix.address),static,\(prefix.netmask),\(prefix.last),"
                + leaseTime
        ]
        if subnet.gatewayMode != .node {
            // The services have no address in the subnet.
            lines.append("shared-network=service,\(prefix.address)")
        }
        let option = "dhcp-option=tag:\(tag),option"
        // With no value it is left out, and is not the server's own address.
        lines.append("\(option):router" + (subnet.gateway.map { ",\($0)" } ?? ""))
        let servers =
            subnet.dns.isEmpty
            ? [
                subnet.gatewayMode == .node
                    ? subnet.gateway ?? ServiceAddresses.ipv4
                    : ServiceAddresses.ipv4
            ]
            : subnet.dns
        lines.append("\(option):dns-server," + servers.map(\.description).joined(separator: ","))
        // A client that takes these takes no other router (RFC 3442). The services are on the link.
        var routes = ["169.254.0.0/16,0.0.0.0"] + subnet.routes.map { "\($0.to),\($0.via)" }
        if let gateway = subnet.gateway { routes.append("0.0.0.0/0,\(gateway)") }
        lines.append("\(option):classless-static-route," + routes.joined(separator: ","))
        return lines
    }

    private static func ipv6(
        _ subnet: Subnet, _ tag: String, _ network: PlannedNetwork
    ) -> [String] {
        let servers = subnet.dns.isEmpty ? [ServiceAddresses.ipv6] : subnet.dns
        let list = servers.map { "[\($0)]" }.joined(separator: ",")
        return [
            "dhcp-range=set:\(tag),\(subnet.prefix.address),static,\(subnet.prefix.length),"
                + leaseTime,
            "dhcp-option=tag:\(tag),option6:dns-server,\(list)",
        ]
    }

    /// A host that is no gateway says so: its advertisements tell of the prefixes alone.
    private static func router(_ network: PlannedNetwork) -> [String] {
        let isGateway = network.routed.contains { $0.prefix.family == .ipv6 }
        let lifetime = isGateway ? advertisements.lifetime : 0
        return [
            "enable-ra",
            "ra-param=service,mtu:\(network.mtu),\(advertisements.every),\(lifetime)",
        ]
    }

    private static func fullDomain(_ record: Network) -> String? {
        record.domain.map { "\(record.name.text.lowercased()).\($0)" }
    }

    // MARK: Guests

    /// One line a guest: its MAC, and its addresses.
    static func leases(_ record: Network, _ ports: [GuestPort]) -> String {
        ports.sorted { $0.mac.description < $1.mac.description }.map { port in
            let known = port.addresses.filter { record.subnet(of: $0) != nil }
            var parts = [port.mac.description]
            // One by DHCPv4; the others are for the guest to set.
            if let first = known.first(where: { $0.family == .ipv4 }) {
                parts.append(first.description)
            }
            parts += known.filter { $0.family == .ipv6 }.map { "[\($0)]" }
            if let name = port.name, isName(name) { parts.append(name) }
            return parts.joined(separator: ",") + "\n"
        }.joined()
    }

    /// One line an address: its names.
    static func names(_ record: Network, _ names: [String: Set<IPAddress>]) -> String {
        let domain = fullDomain(record)
        return names.sorted { $0.key < $1.key }.filter { isName($0.key) }.flatMap { entry in
            entry.value.sorted().map { address in
                let full = domain.map { "\(entry.key).\($0) " } ?? ""
                return "\(address) \(full)\(entry.key)\n"
            }
        }.joined()
    }

    /// Whether DNS knows such names, and no line of a file is broken by it.
    private static func isName(_ text: String) -> Bool {
        (1...63).contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"):
                    true
                default: false
                }
            }
    }
}
