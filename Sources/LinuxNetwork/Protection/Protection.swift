import MetaStackModel

/// The rules of one host: what its guests may send and get, and what they get of the host itself.
///
/// Pure: the same wishes give the same text. Each NIC has chains of its own by its name, found
/// through a map, so that a host with hundreds of guests looks at one guest's rules a packet.
struct Protection {
    /// Frames between the ports of bridges; empty where those are Open vSwitch's.
    let bridge: RuleSet
    /// Packets to the host, and those that leave it from its gateways.
    let host: RuleSet

    static let tableName = "metastack"
    static let bridgeTable = "bridge \(tableName)"
    static let hostTable = "inet \(tableName)"

    init(_ wanted: HostNetworks, tracking: KernelOffer.Tracking) {
        let groups = GroupRules(
            groups: wanted.groups, members: wanted.members, networks: wanted.networks)
        var bridge = RuleSet(Self.bridgeTable)
        var maps: [String: [String: String]] = ["from": [:], "check": [:], "to": [:]]
        for port in wanted.ports {
            let name = port.interface.text
            let rules = GuestRules(
                port: port, network: wanted.networks[port.network], groups: groups,
                tracking: tracking)
            for (way, list) in [("from", rules.from), ("check", rules.check), ("to", rules.to)] {
                bridge.add("\(way)_\(name)", list)
                maps[way]?["\"\(name)\""] = "goto \(way)_\(name)"
            }
        }
        for (way, elements) in maps {
            bridge.collections["guests_\(way)"] = RuleSet.Collection(
                type: "ifname : verdict", elements: elements)
        }
        for (set, addresses) in groups.sets(for: wanted.ports) {
            bridge.addSet(set.name, set.type, addresses.map(\.description))
        }
        Self.addPorts(of: wanted, to: &bridge)
        Self.addHooks(of: wanted, tracking, to: &bridge)
        self.bridge = bridge
        host = Self.host(wanted, tracking)
    }

    /// Where flows stand between the guests: what the host itself gets is the kernel's.
    init(besideSwitch wanted: HostNetworks) {
        bridge = RuleSet(Self.bridgeTable)
        host = Self.host(wanted, nil)
    }

    /// One a table.
    var rules: [RuleSet] { bridge.chains.isEmpty ? [host] : [bridge, host] }

    /// Whether nothing is to be protected: then there are no tables.
    static func isNeeded(_ wanted: HostNetworks) -> Bool { !wanted.ports.isEmpty }

    // MARK: Bridges

    private static func addPorts(of wanted: HostNetworks, to rules: inout RuleSet) {
        func names(_ isIncluded: (Network) -> Bool) -> [String] {
            wanted.ports.filter { wanted.networks[$0.network].map(isIncluded) == true }
                .map { "\"\($0.interface)\"" }
        }
        rules.addSet("guests", "ifname", wanted.ports.map { "\"\($0.interface)\"" })
        rules.addSet("apart", "ifname", names { $0.kind.word != .bridge })
        rules.addSet("served", "ifname", names { !$0.subnets.isEmpty })
        rules.addSet(
            "heard", "ifname . ifname",
            wanted.ports.filter { wanted.networks[$0.network]?.subnets.isEmpty == false }
                .map { "\"\($0.interface)\" . \"\(NetworkNames($0.network).servicePort)\"" })
        rules.addSet(
            "told", "ifname",
            names { network in
                !network.subnets.isEmpty
                    && !network.subnets.contains {
                        $0.prefix.family == .ipv6 && $0.gatewayMode == .external
                    }
            })
        let used = Set(wanted.ports.map(\.network)).filter { wanted.networks[$0] != nil }
        rules.addSet("services", "ether_addr", used.map { NetworkNames($0).serviceMAC })
    }

    private static func addHooks(
        of wanted: HostNetworks, _ tracking: KernelOffer.Tracking, to rules: inout RuleSet
    ) {
        let service = "\"\(NetworkNames.prefix)p*\""
        var first = [Marks.clear]
        if tracking == .bridge, let zones = zones(wanted) {
            first.insert("ct zone set meta ibrname map \(zones)", at: 0)
        }
        rules.add(
            "arriving", hook: "type filter hook prerouting priority -300",
            first + [
                "iifname != \(service) ether saddr @services drop",
                "iifname vmap @guests_from",
            ])
        // Behind connection tracking, and so behind what puts fragments together.
        rules.add(
            "checking", hook: "type filter hook prerouting priority 10",
            ["iifname vmap @guests_check"])
        // br_netfilter goes on only with what is behind its own priority, 0.
        rules.add(
            "passing", hook: "type filter hook forward priority 10",
            [
                // A host serves its own guests, each network its own, and no others.
                "oifname \(service) iifname . oifname != @heard drop",
                "iifname \(service) oifname . iifname != @heard drop",
                "oifname \(service) accept", "iifname \(service) accept",
                // What is for the metadata server and goes elsewhere is for another one.
                "iifname @served ip daddr \(ServiceAddresses.ipv4) drop",
                "iifname @served ip6 daddr \(ServiceAddresses.ipv6) drop",
                "iifname @served udp dport { 67, 547 } drop",
                "iifname @told icmpv6 type nd-router-solicit drop",
                // What is left comes from outside, where nobody gives addresses that we give.
                "iifname @guests accept",
                "oifname @served udp sport { 67, 547 } udp dport { 68, 546 } drop",
                "oifname @told icmpv6 type nd-router-advert drop",
            ])
        rules.add(
            "leaving", hook: "type filter hook postrouting priority 0",
            ["oifname vmap @guests_to"])
        // The host itself is on none of its guests' networks, and hears no router that advertises there. On a
        // bridge of its own, where it is, it hears and reaches all but the guests' services.
        let parts = ["p", "v", "x"].map { "\"\(NetworkNames.prefix)\($0)*\"" }
        for (name, way) in [("input", "iifname"), ("output", "oifname")] {
            rules.add(
                "host_\(name)", hook: "type filter hook \(name) priority 0",
                parts.map { "\(way) \($0) drop" } + ["\(way) @apart drop"])
        }
    }

    /// The bridges that are ours alone, each with a number that keeps its connections apart from
    /// those of other networks with the same addresses.
    private static func zones(_ wanted: HostNetworks) -> String? {
        var zones: [String] = []
        for id in Set(wanted.ports.map(\.network)).sorted() {
            guard let network = wanted.networks[id], network.kind.word != .bridge else { continue }
            let names = NetworkNames(id)
            zones.append("\"\(names.bridge)\" : \(names.zone)")
        }
        return zones.isEmpty ? nil : "{ \(zones.joined(separator: ", ")) }"
    }

    // MARK: The host

    /// - Parameter tracking: nil where no frame has a mark that says it is a guest's: its MAC does, which no
    ///   flow lets anybody else have.
    private static func host(
        _ wanted: HostNetworks, _ tracking: KernelOffer.Tracking?
    ) -> RuleSet {
        var rules = RuleSet(hostTable)
        let router = "\"\(NetworkNames.prefix)r*\""
        let neighbours = "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept"
        rules.add("from_router", ["ct state established,related accept", neighbours, "drop"])
        rules.add(
            "from_guest",
            [
                "ct state established,related accept", "udp dport { 67, 547 } accept", neighbours,
                "icmpv6 type { nd-router-solicit, mld-listener-report, mld-listener-done, "
                    + "mld2-listener-report } accept", "drop",
            ])
        rules.add(
            "input", hook: "type filter hook input priority -10",
            [
                "iifname \(router) goto from_router",
                "\(tracking == nil ? "ether saddr @guests" : Marks.isGuest) goto from_guest",
            ])
        if tracking == nil {
            rules.addSet("guests", "ether_addr", wanted.ports.map(\.mac.description))
        }
        if tracking == .marks {
            rules.add(
                "zones", hook: "type filter hook prerouting priority -300",
                zones(wanted).map { ["ct zone set iifname map \($0)"] } ?? [])
            rules.add(
                "tracked", hook: "type filter hook prerouting priority -150",
                [Marks.setEstablished])
            rules.add(
                "answered", hook: "type filter hook output priority -150", [Marks.setEstablished])
        }
        rules.add(
            "translated", hook: "type nat hook postrouting priority srcnat",
            translations(wanted).map {
                "ip saddr \($0) iifname \(router) oifname != \(router) masquerade"
            })
        return rules
    }

    private static func translations(_ wanted: HostNetworks) -> [IPPrefix] {
        let used = Set(wanted.ports.map(\.network))
        return wanted.networks.filter { used.contains($0.key) }.flatMap { $0.value.subnets }
            .filter { $0.nat && $0.gatewayMode == .node }.map(\.prefix).sorted()
    }
}
