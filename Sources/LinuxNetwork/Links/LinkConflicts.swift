import MetaStackModel

/// What a host cannot be for two networks at a time. Records like these are refused where they enter, and may
/// be found in etcd all the same: then the one stands still, and costs the other nothing.
extension LinkLayout {
    func checkConflicts(
        _ network: PlannedNetwork, _ others: [PlannedNetwork]
    ) throws(NetworkRefusal) {
        for link in network.links {
            guard let number = link.kind.number else { continue }
            if let other = others.first(where: { $0.links.contains { $0.kind.number == number } }) {
                throw NetworkRefusal(
                    reason: "\(number) is network \(other.record.name)'s on this host already")
            }
            try checkPresent(number, of: link)
        }
        guard network.isShared else { return }
        for other in others where other.bridge == network.bridge {
            for subnet in network.record.subnets {
                guard
                    let same = other.record.subnets.first(where: {
                        $0.prefix.overlaps(subnet.prefix)
                    })
                else { continue }
                throw NetworkRefusal(
                    reason: "\(subnet.prefix) overlaps \(same.prefix) of network "
                        + "\(other.record.name), which is on the same bridge of this host")
            }
        }
    }

    /// Whoever has it keeps it, be it another network that is wanted here or somebody's own link.
    private func checkPresent(
        _ number: LinkNumber, of link: WantedLink
    ) throws(NetworkRefusal) {
        for (name, found) in reading.links.sorted(by: { $0.key < $1.key })
        where name != link.name && found.number == number {
            guard NetworkNames.isOurs(name, alias: found.alias) else {
                throw NetworkRefusal(reason: "\(number) is that of this host's link \(name)")
            }
            guard used.contains(String(name.suffix(NetworkNames.digits))) else { continue }
            let other = found.alias.map(NetworkNames.network(inAlias:)) ?? name
            throw NetworkRefusal(reason: "\(number) is network \(other)'s on this host already")
        }
    }
}

/// What the kernel lets one link of a host have.
enum LinkNumber: Equatable, CustomStringConvertible {
    case vlan(LinkReading.VLAN)
    case vni(Int, port: Int)

    var description: String {
        switch self {
        case .vlan(let vlan): "vlan \(vlan.id) on uplink \(vlan.uplink ?? "-")"
        case .vni(let vni, _): "vni \(vni)"
        }
    }
}

extension WantedLink.Kind {
    fileprivate var number: LinkNumber? {
        switch self {
        case .vlan(let vlan): .vlan(vlan)
        case .vxlan(let vxlan): .vni(vxlan.vni, port: vxlan.port)
        case .bridge, .pair: nil
        }
    }
}

extension LinkReading.Link {
    fileprivate var number: LinkNumber? {
        vlan.map { .vlan($0) } ?? vxlan.map { .vni($0.vni, port: $0.port) }
    }
}
