import MetaStackModel

/// What answers one network's guests on this host, in a namespace of its own: so that two networks
/// may have the same addresses, and no guest sees more of its host than this.
///
/// Pure: the texts of files, and the lines of `ip -batch` in the namespace, which may be carried out
/// again and again.
struct ServicePlan: Sendable, Equatable {
    let id: NetworkID
    let files: ServiceFiles
    /// The lines of `ip -batch`.
    let links: [String]
    /// `sysctl`'s arguments.
    let settings: [String]
    let rules: RuleSet
    let configuration: String
    let leases: String
    let names: String
    let translation: Translation?

    /// - Parameters:
    ///   - ports: the network's.
    ///   - limits: whether the kernel can count how often a guest asks for its metadata.
    init(
        _ network: PlannedNetwork, ports: [GuestPort], names: [String: Set<IPAddress>],
        directory: String, limits: Bool
    ) {
        id = network.id
        files = ServiceFiles(directory, network.names)
        links = Self.links(network)
        settings = Self.settings(network)
        rules = Self.rules(network, limits: limits)
        configuration = DNSMasqText.configuration(network, files)
        leases = DNSMasqText.leases(network.record, ports)
        self.names = DNSMasqText.names(network.record, names)
        translation = network.translation
    }

    private static func links(_ network: PlannedNetwork) -> [String] {
        var lines = [
            "link set dev lo up", "link set dev service addrgenmode none",
            "link set dev service mtu \(network.mtu)", "link set dev service up",
            "address replace \(ServiceAddresses.ipv4)/32 dev service",
            "address replace \(ServiceAddresses.ipv6)/64 dev service nodad",
        ]
        for subnet in network.record.subnets {
            lines.append(own(subnet))
        }
        guard !network.routed.isEmpty else { return lines }
        lines += [
            "link set dev uplink addrgenmode none", "link set dev uplink mtu \(network.mtu)",
            "link set dev uplink up",
            "address replace \(ServiceAddresses.router)/64 dev uplink nodad",
        ]
        if network.outside.contains(.ipv4) {
            lines.append("route replace 0.0.0.0/0 via inet6 \(ServiceAddresses.host) dev uplink")
        }
        if network.outside.contains(.ipv6) {
            lines.append("route replace ::/0 via \(ServiceAddresses.host) dev uplink")
        }
        return lines
    }

    /// How the services stand in a subnet: as its gateway, or with a way to its guests.
    private static func own(_ subnet: Subnet) -> String {
        switch (subnet.gatewayMode, subnet.prefix.family, subnet.gateway) {
        case (.node, .ipv4, let gateway?):
            "address replace \(gateway)/\(subnet.prefix.length) dev service"
        case (.node, .ipv6, let gateway?):
            "address replace \(gateway)/\(subnet.prefix.length) dev service nodad"
        case (_, .ipv4, _):
            "route replace \(subnet.prefix) dev service scope link src \(ServiceAddresses.ipv4)"
        // dnsmasq tells of the prefixes that it has an address in; no guest has this one.
        case (_, .ipv6, _):
            "address replace \(subnet.prefix) dev service nodad"
        }
    }

    private static func settings(_ network: PlannedNetwork) -> [String] {
        var settings = [
            "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.service.send_redirects=0",
            "net.ipv6.conf.service.accept_ra=0",
        ]
        if !network.routed.isEmpty {
            settings += ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"]
        }
        return settings
    }

    /// How many connections to the metadata server a guest may begin, with one question each: a boot takes
    /// a hundred. Further ones the kernel does not hear, and the guest's tries again.
    private static let metadataPace = (perSecond: 20, atOnce: 200)

    /// What guests may ask of the services: addresses, their neighbours, names and metadata.
    private static func rules(_ network: PlannedNetwork, limits: Bool) -> RuleSet {
        var rules = RuleSet(Protection.hostTable)
        let guest = "iifname \"service\""
        var pace: [String] = []
        if limits {
            rules.collections["asking"] = RuleSet.Collection(
                type: "ether_addr", details: "size 4096; flags dynamic, timeout; timeout 1m")
            pace = [
                "\(guest) tcp dport 80 update @asking { ether saddr limit rate over "
                    + "\(metadataPace.perSecond)/second burst \(metadataPace.atOnce) packets } drop"
            ]
        }
        rules.add(
            "input", hook: "type filter hook input priority 0",
            [
                "iifname \"lo\" accept", "ct state established,related accept",
                "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept",
                "\(guest) icmpv6 type { nd-router-solicit, mld-listener-report, "
                    + "mld-listener-done, mld2-listener-report } accept",
                "\(guest) udp dport { 53, 67, 547 } accept", "\(guest) tcp dport 53 accept",
            ] + pace + [
                "\(guest) ip daddr \(ServiceAddresses.ipv4) tcp dport 80 accept",
                "\(guest) ip6 daddr \(ServiceAddresses.ipv6) tcp dport 80 accept", "drop",
            ])
        // Only to the outside and back: what a guest says to another goes over the bridge.
        rules.add(
            "forward", hook: "type filter hook forward priority 0",
            ["ip daddr 169.254.0.0/16 drop", "ip6 daddr fe80::/10 drop"]
                + (network.translation?.forwarding ?? []))
        return rules
    }
}
