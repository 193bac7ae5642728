import MetaStackModel

/// From a network's record to the links that it is made of on this host.
struct LinkLayout {
    let settings: PlaneSettings
    let offer: KernelOffer
    let reading: LinkReading
    /// What the names of those networks' links end in that are wanted here.
    let used: Set<String>
    /// Open vSwitch's bridges; nil where the kernel's are used.
    let switches: SwitchReading?

    /// What VXLAN adds to each packet: the outer headers and an Ethernet header (RFC 7348).
    private static let overhead = (ipv4: 50, ipv6: 70)
    /// The MTU of what the kernel does not see.
    private static let ethernet = 1500

    /// - Parameters:
    ///   - ports: the network's.
    ///   - others: the networks that are planned already.
    func plan(
        _ record: Network, _ id: NetworkID, ports: [GuestPort], others: [PlannedNetwork]
    ) throws(NetworkRefusal) -> PlannedNetwork {
        let names = NetworkNames(id)
        var network = PlannedNetwork(
            id: id, record: record, names: names, bridge: names.bridge, mtu: 0,
            namespace: ServiceFiles(settings.directory, names).namespace, links: [])
        if let switches {
            try join(&network, to: switches)
        } else {
            try makeBridge(for: &network)
        }
        try checkConflicts(network, others)
        if network.isServed, !offer.hasDNSMasq {
            throw NetworkRefusal(reason: "dnsmasq is not installed on this host")
        }
        if record.nat64 != nil, let problem = offer.noNAT64 {
            throw NetworkRefusal(reason: problem)
        }
        network.translation = Translation(record, ports: ports, mtu: network.mtu)
        if network.isServed { network.links.append(servicePort(network)) }
        if !network.routed.isEmpty {
            try checkRoutes(network, others)
            network.links.append(router(network))
        }
        return network
    }

    /// What the guests' NICs hang on, of the kernel's links.
    private func makeBridge(for network: inout PlannedNetwork) throws(NetworkRefusal) {
        let below: WantedLink?
        switch network.record.kind {
        case .bridge(let bridge):
            network.bridge = (bridge ?? settings.bridge).text
            network.mtu = try mtu(network.record, at: try existingBridge(network.bridge).mtu)
            below = nil
        case .vlan(let uplink, let vlan):
            below = try self.vlan(id: vlan, on: uplink, for: &network)
        case .vxlan(let vni, let group, let port):
            below = try vxlan(vni: vni, group: group, port: port, for: &network)
        }
        guard let below else { return }
        network.links.append(
            link(network.names.bridge, .bridge(filters: offer.tracking == .marks), network))
        network.links.append(below)
    }

    /// The same, of Open vSwitch: a bridge of the network's own, which ``SwitchPlan`` makes.
    private func join(
        _ network: inout PlannedNetwork, to switches: SwitchReading
    ) throws(NetworkRefusal) {
        let trunk = try switches.trunk(of: network, on: settings.bridge)
        network.trunk = trunk
        let most = (reading.links[trunk.link] ?? reading.links[trunk.bridge])?.mtu
        network.mtu = try mtu(network.record, at: most ?? Self.ethernet)
    }

    private func existingBridge(_ name: String) throws(NetworkRefusal) -> LinkReading.Link {
        guard let found = reading.links[name] else {
            throw NetworkRefusal(reason: "this host has no bridge \(name)")
        }
        guard found.kind == "bridge" else {
            throw NetworkRefusal(reason: "\(name) of this host is no bridge")
        }
        return found
    }

    private func mtu(_ record: Network, at most: Int) throws(NetworkRefusal) -> Int {
        guard let wanted = record.mtu else { return most }
        guard wanted <= most else {
            throw NetworkRefusal(
                reason: "its MTU of \(wanted) bytes does not fit this host, where it is \(most) "
                    + "at most")
        }
        return wanted
    }

    // MARK: What joins the hosts

    private func vlan(
        id: Int, on uplink: InterfaceName, for network: inout PlannedNetwork
    ) throws(NetworkRefusal) -> WantedLink {
        guard let found = reading.links[uplink.text] else {
            throw NetworkRefusal(reason: "this host has no uplink \(uplink)")
        }
        guard offer.hasVLANs else {
            throw NetworkRefusal(reason: "this host's kernel has no VLANs (8021q)")
        }
        network.mtu = try mtu(network.record, at: found.mtu)
        var link = link(
            network.names.vlan, .vlan(LinkReading.VLAN(id: id, uplink: uplink.text)), network)
        link.master = network.bridge
        return link
    }

    private func vxlan(
        vni: Int, group: IPAddress?, port: Int, for network: inout PlannedNetwork
    ) throws(NetworkRefusal) -> WantedLink {
        guard offer.hasVXLANs else {
            throw NetworkRefusal(reason: "this host's kernel has no VXLANs (vxlan)")
        }
        guard let local = settings.underlay else {
            throw NetworkRefusal(reason: "this host has no address for VXLAN (network.underlay)")
        }
        guard
            let device = reading.addresses.filter({ $0.value.contains(local) }).keys.min(),
            let below = reading.links[device]
        else {
            throw NetworkRefusal(
                reason: "none of this host's links has its address for VXLAN, \(local)")
        }
        guard group.map({ $0.family == local.family }) ?? true else {
            throw NetworkRefusal(
                reason: "its multicast group is IPv6, and this host's address for VXLAN is \(local)"
            )
        }
        let overhead = local.family == .ipv4 ? Self.overhead.ipv4 : Self.overhead.ipv6
        network.mtu = try mtu(network.record, at: below.mtu - overhead)
        let details = LinkReading.VXLAN(
            vni: vni, port: port, local: local, group: group, link: group == nil ? nil : device)
        var link = link(network.names.vxlan, .vxlan(details), network)
        link.master = network.bridge
        return link
    }

    // MARK: What serves the guests

    private func servicePort(_ network: PlannedNetwork) -> WantedLink {
        var link = link(
            network.names.servicePort,
            .pair(peer: "service", mac: network.names.serviceMAC, namespace: network.namespace),
            network)
        if network.trunk == nil {
            link.master = network.bridge
            link.pinnedMAC = network.names.serviceMAC
        }
        return link
    }

    private func router(_ network: PlannedNetwork) -> WantedLink {
        var link = link(
            network.names.router, .pair(peer: "uplink", mac: nil, namespace: network.namespace),
            network)
        link.address = ServiceAddresses.host
        link.routes = Set(
            network.routed.map(\.prefix)
                + (network.translation?.pairs ?? []).map { IPPrefix(only: $0.ipv4) })
        return link
    }

    /// A host has one way to an address.
    private func checkRoutes(
        _ network: PlannedNetwork, _ others: [PlannedNetwork]
    ) throws(NetworkRefusal) {
        for subnet in network.routed {
            for other in others {
                guard let same = other.routed.first(where: { $0.prefix.overlaps(subnet.prefix) })
                else { continue }
                throw NetworkRefusal(
                    reason: "this host is the gateway of \(same.prefix) in network "
                        + "\(other.record.name) already, which \(subnet.prefix) overlaps")
            }
        }
        for other in others {
            for (own, taken) in [(network, other), (other, network)] {
                guard let pool = own.record.nat64?.ipv4,
                    let same = taken.reached.first(where: { $0.overlaps(pool) })
                else { continue }
                throw NetworkRefusal(
                    reason: "this host is the way to guests of network "
                        + "\(other.record.name) already, and \(pool) overlaps \(same)")
            }
        }
    }

    private func link(
        _ name: String, _ kind: WantedLink.Kind, _ network: PlannedNetwork
    ) -> WantedLink {
        WantedLink(
            name: name, kind: kind, alias: NetworkNames.alias(network.record), mtu: network.mtu)
    }
}
