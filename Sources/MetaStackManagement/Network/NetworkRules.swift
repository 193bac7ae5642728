import MetaStackModel
import MetaStackStore

/// What a network's or a security group's record may say, given all others.
extension ResourceProposal {
    func check(_ network: Network) throws(CommandFailure) {
        let id = NetworkID(unchecked: id)
        let old = cluster.networks[id]?.value
        try requireFree(network.name, among: cluster.networkNames)
        try requireNobodySays(old?.name, network.name)
        if let old, old.kind != network.kind { try requireUnused(id, network, old) }
        for other in cluster.networks.sorted(by: { $0.key < $1.key }) where other.key != id {
            if let problem = Self.collision(of: network, with: other.value.value)
                ?? Self.ambiguity(of: network, with: other.value.value)
            {
                throw refused(.conflict, [problem])
            }
        }
        let problems = heldProblems(id, network)
        guard problems.isEmpty else { throw refused(.conflict, problems) }
    }

    private func refused(
        _ status: CommandStatus, _ problems: [FieldProblem]
    ) -> CommandFailure {
        CommandFailure(
            status, problems.map(\.problem).joined(separator: ", "), fields: problems)
    }

    /// Guests' interfaces hang on what it is made of.
    private func requireUnused(
        _ id: NetworkID, _ network: Network, _ old: Network
    ) throws(CommandFailure) {
        let users = cluster.users(of: id)
        guard !users.isEmpty else { return }
        let field = Self.changedField(old.kind, network.kind)
        let failure = CommandFailure.inUse("network \(old.name)", by: users)
        throw refused(
            .conflict,
            [
                FieldProblem(
                    path: field, problem: "\(field) cannot change: \(failure.description)")
            ])
    }

    private static func changedField(_ old: Network.Kind, _ new: Network.Kind) -> String {
        switch (old, new) {
        case (.bridge, .bridge): "bridge"
        case (.vlan(let uplink, _), .vlan(let other, _)): uplink == other ? "vlan" : "uplink"
        case (.vxlan(let vni, let group, _), .vxlan(let other, let otherGroup, _)):
            vni != other ? "vni" : group != otherGroup ? "group" : "port"
        default: "kind"
        }
    }

    /// Two networks with the same prefixes are two networks, unless their frames meet.
    private static func collision(of network: Network, with other: Network) -> FieldProblem? {
        switch (network.kind, other.kind) {
        case (.vxlan(let vni, _, _), .vxlan(let taken, _, _)) where vni == taken:
            return FieldProblem(
                path: "vni", problem: "vni \(vni) is network \(other.name)'s already")
        case (.vlan(let uplink, let vlan), .vlan(let otherUplink, let taken))
        where uplink == otherUplink && vlan == taken:
            return FieldProblem(
                path: "vlan",
                problem: "vlan \(vlan) on uplink \(uplink) is network \(other.name)'s already")
        case (.bridge(let bridge), .bridge(let taken)) where bridge == taken:
            for (index, subnet) in network.subnets.enumerated() {
                guard
                    let second = other.subnets.first(where: { $0.prefix.overlaps(subnet.prefix) })
                else { continue }
                return FieldProblem(
                    path: "subnets.\(index).prefix",
                    problem: "subnet \(subnet.prefix) overlaps \(second.prefix) of network "
                        + "\(other.name), which is on the same bridge")
            }
            return nil
        default: return nil
        }
    }

    /// IPv4 addresses by which guests are reached from outside their network are theirs alone.
    private static func ambiguity(of network: Network, with other: Network) -> FieldProblem? {
        let problem = "of network \(other.name), whose guests are reached there, too"
        if let own = network.nat64?.ipv4,
            let taken = reached(in: other).first(where: { $0.overlaps(own) })
        {
            return FieldProblem(
                path: "nat64.ipv4", problem: "\(own) overlaps \(taken) \(problem)")
        }
        guard let taken = other.nat64?.ipv4,
            let place = network.subnets.firstIndex(where: {
                $0.gatewayMode == .node && $0.prefix.overlaps(taken)
            })
        else { return nil }
        return FieldProblem(
            path: "subnets.\(place).prefix",
            problem: "subnet \(network.subnets[place].prefix) overlaps \(taken) \(problem)")
    }

    private static func reached(in network: Network) -> [IPPrefix] {
        [network.nat64?.ipv4].compactMap(\.self)
            + network.subnets.filter { $0.gatewayMode == .node }.map(\.prefix)
    }

    /// Addresses that guests have and that the network would have no more.
    private func heldProblems(_ id: NetworkID, _ network: Network) -> [FieldProblem] {
        let translated = cluster.networks[id]?.value.nat64?.ipv4
        return cluster.addresses[id].sorted { $0.key < $1.key }.compactMap { address, held in
            guard let problem = network.problem(withGuest: address) else { return nil }
            let holder = cluster.vmName(held.value.vm)
            let place = network.subnets.firstIndex { $0.prefix.contains(address) }
            return FieldProblem(
                path: place.map { "subnets.\($0).gateway" }
                    ?? (translated?.contains(address) == true ? "nat64" : "subnets"),
                problem: "\(address) is held by vm \(holder), and \(problem)")
        }.prefix(10).map(\.self)
    }

    func check(_ group: SecurityGroup) throws(CommandFailure) -> [RecordCondition] {
        let id = SecurityGroupID(unchecked: id)
        let old = cluster.securityGroups[id]?.value
        try requireFree(group.name, among: cluster.securityGroupNames)
        try requireNobodySays(old?.name, group.name)
        if let old, old.name != group.name {
            let speakers = cluster.groups(naming: old.name.text).filter { $0 != old.name.text }
            guard speakers.isEmpty else {
                throw .inUse(
                    "security-group \(old.name)", by: speakers, noun: "security-group")
            }
        }
        var problems: [FieldProblem] = []
        var conditions: [RecordCondition] = []
        for (index, rule) in group.rules.enumerated() {
            guard case .group(let name) = rule.remote, name != group.name.text, name != id.text,
                old?.rules.contains(rule) != true
            else { continue }
            do throws(UnresolvedReference) {
                conditions.append(.exists(.securityGroup(try cluster.securityGroup(name).id)))
            } catch {
                problems.append(
                    FieldProblem(path: "rules.\(index).group", problem: error.description))
            }
        }
        guard problems.isEmpty else { throw refused(.usage, problems) }
        return conditions
    }
}
