import MetaStackModel

/// A network as one host is to have it.
struct PlannedNetwork: Sendable, Equatable {
    var id: NetworkID
    var record: Network
    var names: NetworkNames
    /// What its guests' NICs hang on.
    var bridge: String
    var mtu: Int
    /// Where its services are, as a path.
    var namespace: String
    /// In the order in which they are made.
    var links: [WantedLink]
    /// With Open vSwitch, the host's bridge that the network's own is joined to; nil with the kernel's.
    var trunk: SwitchTrunk?
    /// What is translated for this host's guests; nil where nothing is.
    var translation: Translation?

    /// Whether this host answers its guests: where there are addresses to give.
    var isServed: Bool { !record.subnets.isEmpty }
    /// The subnets whose gateway this host is.
    var routed: [Subnet] { record.subnets.filter { $0.gatewayMode == .node } }
    /// By which guests are reached from outside their network.
    var reached: [IPPrefix] {
        routed.map(\.prefix) + [record.nat64?.ipv4].compactMap(\.self)
    }
    /// The families of what this host forwards between its guests and what is outside.
    var outside: Set<IPAddress.Family> {
        Set(routed.map(\.prefix.family) + (record.nat64 == nil ? [] : [.ipv4]))
    }
    /// Whether the bridge is the host's own, on which others may be.
    var isShared: Bool { bridge != names.bridge }
}

/// One link that MetaStack makes.
struct WantedLink: Sendable, Equatable {
    enum Kind: Sendable, Equatable {
        /// - Parameter filters: whether what it forwards is shown to the IP layers' rules.
        case bridge(filters: Bool)
        case vlan(LinkReading.VLAN)
        case vxlan(LinkReading.VXLAN)
        /// - Parameters:
        ///   - peer: the name of its other end.
        ///   - mac: of the other end; nil for any.
        ///   - namespace: where the other end is.
        case pair(peer: String, mac: String?, namespace: String)
    }

    var name: String
    var kind: Kind
    var alias: String
    var mtu: Int
    var master: String?
    /// A MAC that is behind this port, whoever else claims it.
    var pinnedMAC: String?
    /// The host's own on it.
    var address: IPAddress?
    /// What the host sends over it.
    var routes: Set<IPPrefix> = []

    /// The line of `ip -batch` that makes it.
    var adding: String {
        switch kind {
        case .bridge(let filters):
            // ND and DHCPv6 are multicast, and nobody asks for groups: what snooping would miss.
            "link add name \(name) type bridge stp_state 0 forward_delay 0 mcast_snooping 0"
                + (filters ? " nf_call_iptables 1 nf_call_ip6tables 1" : "")
        case .vlan(let vlan):
            "link add link \(vlan.uplink ?? "") name \(name) type vlan id \(vlan.id)"
        case .vxlan(let vxlan): Self.adding(name, vxlan)
        case .pair(let peer, let mac, let namespace):
            "link add name \(name) mtu \(mtu) type veth peer name \(peer) mtu \(mtu)"
                + (mac.map { " address \($0)" } ?? "") + " netns \(namespace)"
        }
    }

    private static func adding(_ name: String, _ vxlan: LinkReading.VXLAN) -> String {
        var line = "link add name \(name) type vxlan id \(vxlan.vni) dstport \(vxlan.port)"
        if let local = vxlan.local { line += " local \(local)" }
        if let group = vxlan.group { line += " group \(group) ttl 16" }
        if let link = vxlan.link { line += " dev \(link)" }
        return line
    }
}

extension WantedLink.Kind {
    var isPair: Bool {
        if case .pair = self { true } else { false }
    }

    /// Whether it sends to each host by itself what goes to all.
    var floods: Bool {
        if case .vxlan(let vxlan) = self { vxlan.group == nil } else { false }
    }

    /// Whether a link of the host is such a one; what can be changed in place does not count.
    func matches(_ link: LinkReading.Link) -> Bool {
        switch self {
        case .bridge: link.kind == "bridge"
        case .vlan(let vlan): link.vlan == vlan
        case .vxlan(let vxlan): link.vxlan == vxlan
        case .pair: link.kind == "veth"
        }
    }
}

/// Why a network cannot be on this host.
struct NetworkRefusal: Error, Equatable {
    var reason: String
}
