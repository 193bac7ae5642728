import MetaStackModel

/// What security groups allow, in nftables' words.
struct GroupRules {
    let groups: [SecurityGroupID: SecurityGroup]
    let members: [SecurityGroupID: Set<AddressID>]
    let networks: [NetworkID: Network]

    /// What may come to a NIC.
    func ingress(of port: GuestPort) -> [String] {
        rules(of: port, .ingress).flatMap { words($0, port, "saddr") }
    }

    /// What a NIC may send; nil where it may send anything.
    func egress(of port: GuestPort) -> [String]? {
        let found = rules(of: port, .egress)
        return found.isEmpty ? nil : found.flatMap { words($0, port, "daddr") }
    }

    func rules(
        of port: GuestPort, _ direction: SecurityRule.Direction
    ) -> [SecurityRule] {
        port.groups.sorted().flatMap { groups[$0]?.rules ?? [] }
            .filter { $0.direction == direction }
    }

    private func words(_ rule: SecurityRule, _ port: GuestPort, _ end: String) -> [String] {
        let what = Self.transport(rule)
        let own: [String]
        switch rule.remote {
        case .anybody: own = ["\(what)accept"]
        case .prefix(let prefix):
            own = ["\(prefix.family == .ipv4 ? "ip" : "ip6") \(end) \(prefix) \(what)accept"]
        case .group(let name):
            own =
                id(of: name).map { id in
                    IPAddress.Family.allCases.map { family in
                        let set = MemberSet(group: id, network: port.network, family: family)
                        return "\(family == .ipv4 ? "ip" : "ip6") \(end) @\(set.name) \(what)accept"
                    }
                } ?? []
        }
        return own + translatedWords(rule, port, end)
    }

    /// What a rule says of IPv4, where that comes as IPv6 from under a prefix (RFC 6052): ICMP as
    /// ICMPv6.
    private func translatedWords(
        _ rule: SecurityRule, _ port: GuestPort, _ end: String
    ) -> [String] {
        guard let nat64 = networks[port.network]?.nat64 else { return [] }
        let isICMP = rule.protocol == .icmp
        let what =
            isICMP ? "meta protocol ip6 meta l4proto ipv6-icmp " : Self.transport(rule)
        switch rule.remote {
        // Which other protocols are in IPv6's packets the rule itself sees.
        case .anybody: return isICMP ? ["ip6 \(end) \(nat64.prefix) \(what)accept"] : []
        case .prefix(let prefix):
            return prefix.family == .ipv4
                ? ["ip6 \(end) \(nat64.embedded(prefix)) \(what)accept"] : []
        case .group(let name):
            return id(of: name).map { id in
                let set = MemberSet(
                    group: id, network: port.network, family: .ipv4, isTranslated: true)
                return ["ip6 \(end) @\(set.name) \(what)accept"]
            } ?? []
        }
    }

    private static func transport(_ rule: SecurityRule) -> String {
        switch rule.protocol {
        case .any: ""
        case .tcp, .udp:
            if let ports = rule.ports {
                "\(rule.protocol) dport \(ports) "
            } else {
                "meta l4proto \(rule.protocol) "
            }
        case .icmp: "meta protocol ip meta l4proto icmp "
        case .icmpv6: "meta protocol ip6 meta l4proto ipv6-icmp "
        case .number(let number): "meta l4proto \(number) "
        }
    }

    func id(of name: String) -> SecurityGroupID? {
        if let id = try? SecurityGroupID(name), groups[id] != nil { return id }  // Else a name.
        return groups.filter { $0.value.name.text == name }.keys.min()
    }

    // MARK: Members

    /// The sets that the ports' rules name.
    func sets(for ports: [GuestPort]) -> [MemberSet: Set<IPAddress>] {
        var sets: [MemberSet: Set<IPAddress>] = [:]
        for port in ports {
            for rule in SecurityRule.Direction.allCases.flatMap({ rules(of: port, $0) }) {
                guard case .group(let name) = rule.remote, let id = id(of: name) else { continue }
                for family in IPAddress.Family.allCases {
                    let set = MemberSet(group: id, network: port.network, family: family)
                    if sets[set] == nil { sets[set] = addresses(in: set) }
                }
                guard let nat64 = networks[port.network]?.nat64 else { continue }
                let set = MemberSet(
                    group: id, network: port.network, family: .ipv4, isTranslated: true)
                if sets[set] == nil {
                    sets[set] = Set(addresses(in: set).map { nat64.embedded($0) })
                }
            }
        }
        return sets
    }

    /// A group's addresses as a network sees them: the same address in another network is
    /// somebody else, who cannot be told apart, so that those of this network's own prefixes count
    /// only here.
    private func addresses(in set: MemberSet) -> Set<IPAddress> {
        let network = networks[set.network]
        let seen = (members[set.group] ?? []).filter { member in
            member.address.family == set.family
                && (member.network == set.network || network?.subnet(of: member.address) == nil)
        }
        return Set(seen.map(\.address))
    }
}

/// A named set of nftables: the addresses of one family that a group has, for a network's guests.
struct MemberSet: Hashable {
    var group: SecurityGroupID
    var network: NetworkID
    var family: IPAddress.Family
    /// Whether they are of IPv4 and stand there as IPv6, under the network's prefix.
    var isTranslated = false

    var name: String {
        var hash = StableHash()
        hash.combine(group.text)
        hash.combine(network.text)
        let kind = isTranslated ? "64" : family == .ipv4 ? "4" : "6"
        return "members\(kind)_" + String(hash.finalize(), radix: 16)
    }

    var type: String { family == .ipv4 && !isTranslated ? "ipv4_addr" : "ipv6_addr" }
}
