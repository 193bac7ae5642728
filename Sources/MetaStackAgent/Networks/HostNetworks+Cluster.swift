import LinuxNetwork
import MetaStackDecisions
import MetaStackModel

extension HostNetworks {
    /// What one host's networks are to be, by the records.
    ///
    /// - Parameters:
    ///   - me: the host.
    ///   - domains: the VMs that have a domain here: what their guests hang on stays, whatever the
    ///     records say by now.
    ///   - former: the ports of the last time.
    ///   - arrived: VMs that came here from another host.
    init(
        of me: HostID, in cluster: Cluster, domains: Set<VMID>, former: [GuestPort],
        arrived: Set<VMID>
    ) {
        self.init()
        guard !cluster.networks.isEmpty else { return }
        var taken: Set<InterfaceName> = []
        for (vm, claim) in cluster.actualVMs where !claim.value.nics.isEmpty {
            let name = cluster.desiredVMs[vm]?.value.name
            let isHere = claim.value.host == me || claim.value.move?.to == me
            let wishes = cluster.desiredVMs[vm]?.value.nics ?? []
            for (place, nic) in claim.value.nics.enumerated() {
                guard let network = nic.network, cluster.networks[network] != nil else { continue }
                let groups =
                    wishes.indices.contains(place)
                    ? cluster.groups(of: wishes[place]) : []
                if isHere {
                    let port = GuestPort(
                        interface: nic.interface ?? .tap(of: vm, nic: place), network: network,
                        mac: nic.mac, addresses: nic.addresses, groups: groups,
                        name: name.map { GuestHostName(of: $0).text }, vm: vm,
                        hasArrived: arrived.contains(vm))
                    if taken.insert(port.interface).inserted { ports.append(port) }
                }
                for group in groups {
                    members[group, default: []].formUnion(
                        nic.addresses.map { AddressID(network: network, address: $0) })
                }
                if let name {
                    names[network, default: [:]][GuestHostName(of: name).text, default: []]
                        .formUnion(nic.addresses)
                }
                for host in [claim.value.host, claim.value.move?.to].compactMap(\.self)
                where host != me {
                    if let peer = cluster.hosts[host]?.value.plane?.underlay {
                        peers[network, default: []].insert(peer)
                    }
                }
            }
        }
        keepPorts(of: domains, from: former, taken)
        trim(cluster)
    }

    /// A guest that is still here, though the records have gone on without it, keeps what it has.
    private mutating func keepPorts(
        of domains: Set<VMID>, from former: [GuestPort], _ taken: Set<InterfaceName>
    ) {
        guard !former.isEmpty, !domains.isEmpty else { return }
        let ends = Set(
            domains.flatMap { vm in
                (0..<DesiredNIC.maximumPerVM).map { InterfaceName.tap(of: vm, nic: $0) }
            })
        ports += former.filter { ends.contains($0.interface) && !taken.contains($0.interface) }
    }

    /// Only what this host's guests have to do with, in an order of its own.
    private mutating func trim(_ cluster: Cluster) {
        ports.sort { $0.interface < $1.interface }
        let here = Set(ports.map(\.network))
        networks = cluster.networks.filter { here.contains($0.key) }.mapValues(\.value)
        peers = peers.filter { here.contains($0.key) }
        names = names.filter { here.contains($0.key) }
        groups = cluster.groupsReached(from: ports.flatMap(\.groups)).mapValues(\.value)
        let known = Set(groups.keys)
        members = members.filter { known.contains($0.key) }
    }
}

extension Cluster {
    /// Those that are there: one that is not allows nothing.
    fileprivate func groups(of wish: DesiredNIC) -> [SecurityGroupID] {
        wish.securityGroups.compactMap { try? securityGroup($0).id }
    }

    /// Groups, and those that their rules name.
    fileprivate func groupsReached(
        from own: [SecurityGroupID]
    ) -> [SecurityGroupID: Stored<SecurityGroup>] {
        var found: [SecurityGroupID: Stored<SecurityGroup>] = [:]
        for id in own {
            guard let group = securityGroups[id] else { continue }
            found[id] = group
            for rule in group.value.rules {
                guard case .group(let name) = rule.remote,
                    let other = try? securityGroup(name)  // One that is not there has no members.
                else { continue }
                found[other.id] = other.group
            }
        }
        return found
    }
}
