import LinuxNetwork
import MetaStackDecisions
import MetaStackModel

extension HostNetworks {
    /// What one host's networks are to be, by the records.
    ///
    /// - Parameters:
    ///   - me: the host.
    ///   - ends: of the NICs that guests here have: they stay, whatever the records say by now.
    ///   - former: the ports of the last time.
    ///   - arrived: VMs that came here from another host.
    init(
        of me: HostID, in cluster: Cluster, ends: Set<InterfaceName>, former: [GuestPort],
        arrived: Set<VMID>
    ) {
        self.init()
        guard !cluster.networks.isEmpty else { return }
        var taken: Set<InterfaceName> = []
        for (vm, claim) in cluster.actualVMs
        where claim.value.host == me || claim.value.move?.to == me {
            for port in Self.ports(of: vm, claim.value, in: cluster, former, arrived.contains(vm))
            where taken.insert(port.interface).inserted {
                ports.append(port)
            }
        }
        ports += former.filter { ends.contains($0.interface) && !taken.contains($0.interface) }
        // Of most VMs most hosts have to know nothing.
        guard !ports.isEmpty else { return }
        // Only what this host's guests have to do with, in an order of its own.
        ports.sort { $0.interface < $1.interface }
        let here = Set(ports.map(\.network))
        networks = cluster.networks.filter { here.contains($0.key) }.mapValues(\.value)
        groups = cluster.groupsReached(from: ports.flatMap(\.groups)).mapValues(\.value)
        for (vm, claim) in cluster.actualVMs where !claim.value.nics.isEmpty {
            add(vm, claim.value, of: me, in: cluster)
        }
    }

    /// The NICs of a VM that is here, or that comes.
    private static func ports(
        of vm: VMID, _ claim: ActualVM, in cluster: Cluster, _ former: [GuestPort],
        _ hasArrived: Bool
    ) -> [GuestPort] {
        let name = cluster.desiredVMs[vm].map { GuestHostName(of: $0.value.name).text }
        return claim.nics.enumerated().compactMap { place, nic in
            guard let network = nic.network, cluster.networks[network] != nil else { return nil }
            let wish = cluster.wish(behind: nic, of: vm)
            let port = GuestPort(
                interface: nic.interface ?? .tap(of: vm, nic: place), network: network,
                mac: nic.mac, addresses: nic.addresses,
                groups: wish.map { cluster.groups(of: $0) } ?? [],
                limits: wish?.limits.map {
                    GuestPort.Limits(inbound: $0.inbound, outbound: $0.outbound)
                },
                name: name, vm: vm, hasArrived: hasArrived)
            return wish == nil ? unwanted(port, former) : port
        }
    }

    /// A NIC that nobody wants any more, as long as a guest has it: it keeps its groups and limits, and
    /// where they are not known any more it is one that nobody may begin to talk to.
    private static func unwanted(_ port: GuestPort, _ former: [GuestPort]) -> GuestPort {
        var port = port
        let before = former.first {
            $0.interface == port.interface && $0.mac == port.mac && $0.network == port.network
        }
        port.groups = before?.groups ?? [SecurityGroupID(unchecked: "none")]
        port.limits = before?.limits
        return port
    }

    /// What a VM, wherever it is, is to this host's guests: a name, a host, a member of groups.
    private mutating func add(
        _ vm: VMID, _ claim: ActualVM, of me: HostID, in cluster: Cluster
    ) {
        for nic in claim.nics {
            guard let network = nic.network, cluster.networks[network] != nil else { continue }
            if networks[network] != nil {
                if let name = cluster.desiredVMs[vm]?.value.name {
                    names[network, default: [:]][GuestHostName(of: name).text, default: []]
                        .formUnion(nic.addresses)
                }
                for host in [claim.host, claim.move?.to].compactMap(\.self) where host != me {
                    if let peer = cluster.hosts[host]?.value.plane?.underlay {
                        peers[network, default: []].insert(peer)
                    }
                }
            }
            guard !groups.isEmpty, let wish = cluster.wish(behind: nic, of: vm) else { continue }
            for group in cluster.groups(of: wish) where groups[group] != nil {
                members[group, default: []].formUnion(
                    nic.addresses.map { AddressID(network: network, address: $0) })
            }
        }
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
