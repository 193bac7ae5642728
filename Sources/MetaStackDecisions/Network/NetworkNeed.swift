public import MetaStackModel

/// What a NIC on a network asks of the host.
public enum NetworkNeed: Hashable, Sendable {
    /// A bridge of that name that is there already.
    case bridge(InterfaceName)
    /// A link that a VLAN can be put on.
    case uplink(InterfaceName)
    case vlans
    case vxlans
    /// That guests are kept from each other.
    case protection
    /// IPv4 for guests that have IPv6 alone.
    case nat64
    /// That what a NIC on a network gets and sends is limited.
    case limits
    /// The same on the node's bridge.
    case shaping
}

extension WantedNIC {
    /// What the NIC's network is made of, and what limits it.
    public var needs: [NetworkNeed] {
        let isLimited = wish.limits.map { $0.inbound != nil || $0.outbound != nil } == true
        guard let network else { return isLimited ? [.shaping] : [] }
        return Self.kindNeeds(network.record) + (network.record.nat64 == nil ? [] : [.nat64])
            + (isLimited ? [.limits] : [])
    }

    private static func kindNeeds(_ record: Network) -> [NetworkNeed] {
        switch record.kind {
        case .bridge(let bridge): return bridge.map { [.bridge($0), .protection] } ?? [.protection]
        case .vlan(let uplink, _): return [.uplink(uplink), .vlans, .protection]
        case .vxlan: return [.vxlans, .protection]
        }
    }
}

/// What a host has for networks.
public struct NetworkOffer: Hashable, Sendable {
    public var bridges: Set<String>
    public var uplinks: Set<String>
    /// Why it makes no VLANs, VXLANs or protection; nil where it does.
    public var noVLANs: String?
    public var noVXLANs: String?
    public var noProtection: String?
    /// Why it translates no addresses; nil where it does.
    public var noNAT64: String?
    /// Why it cannot limit NICs on networks, and on its bridge; nil where it can.
    public var noLimits: String?
    public var noShaping: String?

    public init(
        bridges: Set<String> = [], uplinks: Set<String> = [], noVLANs: String? = nil,
        noVXLANs: String? = nil, noProtection: String? = nil, noNAT64: String? = nil,
        noLimits: String? = nil, noShaping: String? = nil
    ) {
        self.bridges = bridges
        self.uplinks = uplinks
        self.noVLANs = noVLANs
        self.noVXLANs = noVXLANs
        self.noProtection = noProtection
        self.noNAT64 = noNAT64
        self.noLimits = noLimits
        self.noShaping = noShaping
    }

    /// Why the host cannot give what is needed; nil where it can.
    public func problem(with need: NetworkNeed) -> String? {
        switch need {
        case .bridge(let name):
            bridges.contains(name.text) ? nil : "it has no bridge \(name)"
        case .uplink(let name):
            uplinks.contains(name.text) || bridges.contains(name.text)
                ? nil : "it has no uplink \(name)"
        case .vlans: noVLANs.map { "it makes no VLANs: \($0)" }
        case .vxlans: noVXLANs.map { "it makes no VXLANs: \($0)" }
        case .protection: noProtection.map { "it cannot keep guests from each other: \($0)" }
        case .nat64: noNAT64.map { "it gives guests of IPv6 alone no IPv4: \($0)" }
        case .limits: noLimits.map { "it cannot limit NICs on networks: \($0)" }
        case .shaping: noShaping.map { "it cannot limit NICs on its bridge: \($0)" }
        }
    }
}
