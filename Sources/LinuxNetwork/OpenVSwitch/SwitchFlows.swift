import MetaStackModel

/// All flows of one network's bridge: what its guests may send and get.
///
/// Pure: the same wishes give the same text. Nothing passes by itself there (`fail_mode=secure`, and
/// no flow says NORMAL): a frame goes to the guest that has its MAC, to the services, or out, and
/// on each way through the rules of those whom it concerns. The stages are ``Flow/Stage``.
struct SwitchFlows {
    let network: PlannedNetwork
    let ports: [GuestPort]
    let numbers: [InterfaceName: Int]
    let groups: GroupFlows

    static let everybody = "ff:ff:ff:ff:ff:ff"
    static let multicast = "dl_dst=01:00:00:00:00:00/01:00:00:00:00:00"
    static let untagged = "vlan_tci=0x0000/0x1fff"
    /// The priority of conjunctions, which is no other flow's.
    static let conjunctions = 10
    /// Of a connection that was allowed.
    static let known =
        ["ct_state=+est+trk,ip", "ct_state=+rel+trk,ip"]
        + ["ct_state=+est+trk,ipv6", "ct_state=+rel+trk,ipv6"]
    static let neighbours = ["icmp6,icmp_type=135", "icmp6,icmp_type=136"]
    static let listeners = [131, 132, 143].map { "icmp6,icmp_type=\($0)" }

    init(
        _ network: PlannedNetwork, in wanted: HostNetworks, numbers: [InterfaceName: Int]
    ) {
        self.network = network
        self.numbers = numbers
        ports = wanted.ports.filter { $0.network == network.id && numbers[$0.interface] != nil }
        groups = GroupFlows(
            GroupRules(
                groups: wanted.groups, members: wanted.members, networks: wanted.networks),
            ports: ports)
    }

    /// The input of `ovs-ofctl replace-flows`.
    var text: String { all.map(\.text).sorted().joined(separator: "\n") + "\n" }

    var meters: Set<SwitchMeter> {
        Set(guests.flatMap { SwitchMeter.all($0.port, number: $0.number) })
    }

    private var guests: [(port: GuestPort, number: Int)] {
        ports.compactMap { port in numbers[port.interface].map { (port, $0) } }
    }

    var all: [Flow] {
        let own = guests.flatMap { guest in
            GuestFlows(port: guest.port, number: guest.number, network: network, groups: groups).all
        }
        let shared =
            arriving + Self.checks + tracking + passing + forwarding + ingress + leaving
            + groups.conjunctions(.egress, next: .passing)
            + groups.conjunctions(.ingress, next: .leaving)
        return (own + shared).merged
    }

    private func flow(
        _ stage: Flow.Stage, _ priority: Int, _ match: String, _ actions: String
    ) -> Flow {
        Flow(stage: stage, priority: priority, match: match, actions: .steps(actions))
    }

    // MARK: From outside, and from the services

    private static let fromOutside = "in_port=\(SwitchPlan.outlet)"
    private static let fromServices = "in_port=\(SwitchPlan.service)"
    private var isServed: Bool { network.isServed }
    private var serviceMAC: String { network.names.serviceMAC }

    private var arriving: [Flow] {
        // Another host's services have the same MAC, and serve their own guests.
        let others = flow(.arriving, 20, "\(Self.fromOutside),dl_src=\(serviceMAC)", "drop")
        return [Self.fromOutside, Self.fromServices].map {
            flow(.arriving, 10, "\($0),\(Self.untagged)", Flow.goTo(.tracking))
        } + (isServed ? [others] : [])
    }

    // MARK: From guests

    /// What no guest says. In fragments, too: of those that are not the first, no port is known, and
    /// a first one without what tells them apart is no honest one.
    private static let checks: [Flow] =
        ([
            "icmp6,icmp_type=134", "icmp6,icmp_type=137", "udp,tp_src=67", "udp6,tp_src=547",
            "icmp6,ip_frag=first,icmp_type=0", "udp,ip_frag=first,tp_src=0",
            "udp6,ip_frag=first,tp_src=0",
            // Headers whose end is not in the packet (RFC 7112).
        ]
        + [0, 43, 44, 60].flatMap { header in
            // Not as `not_later`, which is read back as something else.
            ["no", "first"].map { "ipv6,ip_frag=\($0),nw_proto=\(header)" }
        })
        .map { Flow(stage: .checking, priority: 20, match: $0, actions: .steps("drop")) }
        + [
            Flow(
                stage: .checking, priority: 0, match: "",
                actions: .steps(Flow.goTo(.tracking)))
        ]

    private var tracking: [Flow] {
        let track = "ct(table=\(Flow.Stage.egress.rawValue),zone=\(network.names.zone))"
        return ["ip", "ipv6"].map { flow(.tracking, 10, $0, track) }
            + ["arp", "rarp"].map { flow(.tracking, 10, $0, Flow.goTo(.passing)) }
            + [flow(.egress, 0, "", Flow.goTo(.passing))]
    }

    /// Guests whose routers are not out there are told of none by others.
    private var isTold: Bool {
        !network.record.subnets.contains {
            $0.prefix.family == .ipv6 && $0.gatewayMode == .external
        }
    }

    private var passing: [Flow] {
        let onward = flow(.passing, 0, "", Flow.goTo(.forwarding))
        guard isServed else { return [onward] }
        let outside =
            [
                "udp,tp_src=67,tp_dst=68", "udp6,tp_src=547,tp_dst=546",
            ] + (isTold ? ["icmp6,icmp_type=134"] : [])
        // A host answers its own guests, and what they ask it goes nowhere else.
        let toServices =
            "set_field:\(serviceMAC)->eth_dst,\(Flow.send(to: SwitchPlan.service))"
        let asked = [
            "ip,nw_dst=\(ServiceAddresses.ipv4)", "ipv6,ipv6_dst=\(ServiceAddresses.ipv6)",
        ]
        let solicited =
            ["udp,tp_dst=67", "udp6,tp_dst=547"] + (isTold ? ["icmp6,icmp_type=133"] : [])
        return [onward]
            + outside.map { flow(.passing, 40, "\(Self.fromOutside),\($0)", "drop") }
            + [Self.fromOutside, Self.fromServices].map {
                flow(.passing, 30, $0, Flow.goTo(.forwarding))
            }
            + asked.map { flow(.passing, 20, $0, toServices) }
            + solicited.map {
                flow(.passing, 20, $0, Flow.send(to: SwitchPlan.service))
            }
    }

    // MARK: To where it is for

    private var forwarding: [Flow] {
        let toGuests = guests.map {
            flow(
                .forwarding, 30, "dl_dst=\($0.port.mac)",
                "\(Self.choose($0.number)),\(Flow.goTo(.limiting))")
        }
        let copies = guests.map(\.number).sorted().map { Self.copy(to: $0, .limiting) }
        let everywhere =
            copies + (isServed ? [Self.copy(to: SwitchPlan.service, .leaving)] : [])
            + [Self.copy(to: SwitchPlan.outlet, .leaving)]
        func spread(_ copies: [String]) -> String {
            copies.isEmpty ? "drop" : copies.joined(separator: ",")
        }
        return toGuests
            + [Self.fromOutside, Self.fromServices].flatMap { place in
                [
                    flow(.forwarding, 20, "\(place),\(Self.multicast)", spread(copies)),
                    flow(.forwarding, 15, place, "drop"),
                ]
            }
            + (isServed
                ? [
                    flow(
                        .forwarding, 12, "dl_dst=\(serviceMAC)", Flow.send(to: SwitchPlan.service))
                ] : [])
            + [
                flow(.forwarding, 12, Self.multicast, spread(everywhere)),
                // What nobody here is, somebody out there may be.
                flow(.forwarding, 0, "", Flow.send(to: SwitchPlan.outlet)),
                flow(.limiting, 0, "", Flow.goTo(.ingress)),
            ]
    }

    private static func choose(_ number: Int) -> String {
        "set_field:\(Flow.hexadecimal(number))->reg1"
    }

    /// Each goes by itself: what becomes of one is nothing to the others.
    private static func copy(to number: Int, _ stage: Flow.Stage) -> String {
        "clone(\(choose(number)),resubmit(,\(stage.rawValue)))"
    }

    /// What every guest gets, whatever its groups say.
    private var ingress: [Flow] {
        let always =
            ["arp", "udp,tp_src=67,tp_dst=68", "udp6,tp_src=547,tp_dst=546"] + Self.known
            + Self.neighbours + [130, 134].map { "icmp6,icmp_type=\($0)" }
        return always.map { flow(.ingress, 20, $0, Flow.goTo(.leaving)) }
    }

    private var leaving: [Flow] {
        let commit = "ct(commit,zone=\(network.names.zone)),output:NXM_NX_REG1[]"
        return [
            flow(.leaving, 30, Self.multicast, "output:NXM_NX_REG1[]"),
            flow(.leaving, 20, "ct_state=+new+trk,ip", commit),
            flow(.leaving, 20, "ct_state=+new+trk,ipv6", commit),
            flow(.leaving, 0, "", "output:NXM_NX_REG1[]"),
        ]
    }
}
