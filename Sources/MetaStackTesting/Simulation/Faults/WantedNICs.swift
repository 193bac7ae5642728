import MetaStackModel

/// The NICs that somebody wants for each VM, and changes while its guest runs: some on a network with hardly
/// more addresses than are wanted, some on the nodes' bridge, now in one order and now in another.
struct WantedNICs {
    static let network = NetworkID(unchecked: "blue")

    /// A network in which all VMs together find room, and no more.
    static func record(for vms: Int) throws -> MetaStackModel.Network {
        let last = 2 * vms + 1
        return try MetaStackModel.Network(
            name: ResourceName(network.text), kind: .vxlan(vni: 7, group: nil, port: 4789),
            subnets: [
                try Subnet(
                    prefix: IPPrefix("10.7.0.0/24"), ranges: [IPRange("10.7.0.2-10.7.0.\(last)")])
            ])
    }

    private var dice: SeededGenerator
    private var wishes: [VMID: [DesiredNIC]] = [:]

    init(seed: UInt64) { dice = SeededGenerator(seed: seed &* 0xc4ce_b9fe &+ 5) }

    mutating func of(_ vm: VMID) -> [DesiredNIC] {
        if let known = wishes[vm] { return known }
        let first = others(for: vm)
        wishes[vm] = first
        return first
    }

    /// Every third time other NICs are wanted, now and then for all VMs at once: so nodes look for
    /// addresses at the same moment.
    ///
    /// - Returns: the VMs whose NICs are to be others.
    mutating func change(_ vm: VMID, among vms: [VMID]) -> [VMID] {
        guard dice.chance(0.34) else { return [] }
        let changed = dice.chance(0.5) ? vms : [vm]
        for vm in changed { wishes[vm] = others(for: vm) }
        return changed
    }

    private mutating func others(for vm: VMID) -> [DesiredNIC] {
        var all = (0..<3).map { nic in
            DesiredNIC(
                network: nic < 2 ? Self.network.text : nil, mac: MACAddress(vm: vm, nic: nic))
        }
        if dice.chance(0.5) { all.reverse() }
        return all.filter { _ in dice.chance(0.6) }
    }
}
