import MetaStackDecisions
import MetaStackModel

/// Records of networks and addresses for tests of who gets what.
extension Cluster {
    /// A network whose id is `n-` and its name.
    mutating func addNetwork(
        _ name: String, _ subnets: [Subnet],
        kind: Network.Kind = .vxlan(vni: 7, group: nil, port: 4789), nat64: NAT64? = nil
    ) throws {
        networks[NetworkID(unchecked: "n-" + name)] = Stored(
            try Network(
                name: ResourceName(unchecked: name), kind: kind, subnets: subnets, nat64: nat64),
            revision: Revision(3), createRevision: Revision(3))
    }

    mutating func hold(
        _ address: String, of network: String, by vm: String, nic: Int = 0, created: Int64 = 0,
        at revision: Int64 = 8
    ) throws {
        let id = try AddressID(network: "n-" + network, address: address)
        addresses[id] = Stored(
            HeldAddress(
                vm: VMID(unchecked: vm), vmCreateRevision: Revision(created), nic: nic,
                mac: MACAddress(vm: VMID(unchecked: vm), nic: nic),
                since: Timestamp(milliseconds: 0)),
            revision: Revision(revision), createRevision: Revision(revision))
    }
}

extension Subnet {
    static func of(
        _ prefix: String, gateway: String? = nil, ranges: [String] = []
    ) throws -> Subnet {
        try Subnet(
            prefix: IPPrefix(prefix), gateway: gateway.map { try IPAddress($0) },
            ranges: ranges.map { try IPRange($0) })
    }
}
