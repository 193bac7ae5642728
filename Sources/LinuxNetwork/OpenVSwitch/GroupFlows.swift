import MetaStackModel

/// What security groups allow, as matches of OpenFlow.
///
/// A rule that names a group is a conjunction (`man ovs-fields`, "Conjunctive Match Fields"): of what it
/// allows, a flow for each NIC, and of who the members are, a flow for each address. So a host with many NICs in large
/// groups has as many flows as both together, not as one times the other.
struct GroupFlows {
    let rules: GroupRules
    /// Whose addresses each conjunction asks for, by its number.
    private let sets: [MemberSet: Int]
    private let members: [MemberSet: Set<IPAddress>]

    /// - Parameter ports: the network's.
    init(_ rules: GroupRules, ports: [GuestPort]) {
        self.rules = rules
        members = rules.sets(for: ports)
        let names = members.keys.sorted { $0.name < $1.name }
        sets = Dictionary(uniqueKeysWithValues: zip(names, 1...))
    }

    /// Something that is allowed.
    struct Allowed {
        var match: String
        /// The conjunction that it is the first half of; nil for what is allowed by itself.
        var conjunction: Int?

        func flow(_ stage: Flow.Stage, next: Flow.Stage, owner: Int) -> Flow {
            Flow(
                stage: stage, priority: conjunction == nil ? 20 : SwitchFlows.conjunctions,
                match: match,
                actions: conjunction.map { .halves(["\($0),1/2"]) } ?? .steps(Flow.goTo(next)),
                owner: owner)
        }
    }

    /// What may come to a NIC.
    ///
    /// - Parameter place: the match that says which NIC it is.
    func ingress(of port: GuestPort, where place: String) -> [Allowed] {
        rules.rules(of: port, .ingress).flatMap { matches($0, port, place, "src") }
    }

    /// What a NIC may send; nil where it may send anything.
    func egress(of port: GuestPort, where place: String) -> [Allowed]? {
        let found = rules.rules(of: port, .egress)
        return found.isEmpty ? nil : found.flatMap { matches($0, port, place, "dst") }
    }

    private func matches(
        _ rule: SecurityRule, _ port: GuestPort, _ place: String, _ end: String
    ) -> [Allowed] {
        IPAddress.Family.allCases.flatMap { family -> [Allowed] in
            let whats = Self.transport(rule, family).map { "\(place),\($0)" }
            switch rule.remote {
            case .anybody: return whats.map { Allowed(match: $0) }
            case .prefix(let prefix):
                guard prefix.family == family else { return [] }
                let field = Self.field(family, end)
                return whats.map { Allowed(match: "\($0),\(field)=\(prefix)") }
            case .group(let name):
                guard let id = rules.id(of: name),
                    let number = sets[
                        MemberSet(group: id, network: port.network, family: family)]
                else { return [] }
                return whats.map { Allowed(match: $0, conjunction: number) }
            }
        }
    }

    private static func field(_ family: IPAddress.Family, _ end: String) -> String {
        family == .ipv4 ? "nw_\(end)" : "ipv6_\(end)"
    }

    /// Nothing where a family does not have the protocol.
    static func transport(_ rule: SecurityRule, _ family: IPAddress.Family) -> [String] {
        let (ip, six) = family == .ipv4 ? ("ip", "") : ("ipv6", "6")
        switch rule.protocol {
        case .any: return [ip]
        case .tcp, .udp:
            guard let ports = rule.ports else { return ["\(rule.protocol)\(six)"] }
            return ports.masks.map { "\(rule.protocol)\(six),tp_dst=\($0)" }
        case .icmp: return family == .ipv4 ? ["icmp"] : []
        case .icmpv6: return family == .ipv6 ? ["icmp6"] : []
        case .number(let number): return ["\(ip),nw_proto=\(number)"]
        }
    }

    // MARK: Members

    /// The second halves, and what is allowed where both are met.
    func conjunctions(_ stage: Flow.Stage, next: Flow.Stage) -> [Flow] {
        let end = stage == .ingress ? "src" : "dst"
        var halves: [String: Set<Int>] = [:]
        for (set, number) in sets where !set.isTranslated {
            let (ip, field) =
                (set.family == .ipv4 ? "ip" : "ipv6", Self.field(set.family, end))
            for address in members[set] ?? [] {
                halves["\(ip),\(field)=\(address)", default: []].insert(number)
            }
        }
        let second = halves.map { match, numbers in
            Flow(
                stage: stage, priority: SwitchFlows.conjunctions, match: match,
                actions: .halves(Set(numbers.map { "\($0),2/2" })))
        }
        let whole = sets.values.map { number in
            Flow(
                stage: stage, priority: SwitchFlows.conjunctions, match: "conj_id=\(number)",
                actions: .steps(Flow.goTo(next)))
        }
        return second + whole
    }
}

extension PortRange {
    /// The same as values with masks, the fewest that there are: `0x1f40/0xfff0`.
    var masks: [String] {
        var found: [String] = []
        var next = Int(first)
        while next <= Int(last) {
            var size = 1
            while next % (size * 2) == 0, next + size * 2 - 1 <= Int(last) { size *= 2 }
            let mask = 0x10000 - size
            found.append(
                size == 1
                    ? "\(next)" : "\(Flow.hexadecimal(next))/\(Flow.hexadecimal(mask))")
            next += size
        }
        return found
    }
}
