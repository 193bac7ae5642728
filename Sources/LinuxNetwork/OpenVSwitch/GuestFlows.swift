import MetaStackModel

/// What one NIC may send and get, as flows: the same as ``GuestRules`` says to the kernel.
struct GuestFlows {
    let port: GuestPort
    let number: Int
    let network: PlannedNetwork
    let groups: GroupFlows

    private var record: Network { network.record }
    private var ipv4: [IPAddress] { port.addresses.filter { $0.family == .ipv4 } }
    private var ipv6: [IPAddress] {
        port.addresses.filter { $0.family == .ipv6 } + [ServiceAddresses.linkLocal(port.mac)]
    }
    /// Whether the guest's addresses are known: not on a bridge whose addresses others give.
    private var isAddressed: Bool { !record.subnets.isEmpty || !port.addresses.isEmpty }

    var all: [Flow] { [arriving] + sources + checks + egress + limit + ingress }

    private func flow(
        _ stage: Flow.Stage, _ priority: Int, _ match: String, _ actions: String
    ) -> Flow {
        Flow(
            stage: stage, priority: priority, match: match, actions: .steps(actions),
            owner: number)
    }

    // MARK: From the guest

    private var here: String { "in_port=\(number)" }

    private var arriving: Flow {
        let meter = port.limits?.outbound == nil ? "" : "meter:\(SwitchMeter.outbound(number)),"
        return flow(
            .arriving, 10, "\(here),\(SwitchFlows.untagged),dl_src=\(port.mac)",
            meter + Flow.goTo(.sources))
    }

    private var sources: [Flow] {
        func allowed(_ match: String, _ next: Flow.Stage) -> Flow {
            flow(.sources, 10, "\(here),\(match)", Flow.goTo(next))
        }
        // ARP of unknown kinds has none of these fields, and passes nowhere.
        let arp = "arp,arp_sha=\(port.mac)"
        // By which QEMU tells the bridges where a guest is that moved.
        let announcement = allowed("rarp,dl_dst=\(SwitchFlows.everybody)", .passing)
        guard isAddressed else {
            return [announcement, allowed(arp, .passing)]
                + ["ip", "ipv6"].map { allowed($0, .checking) }
        }
        // 0.0.0.0 asks whether an address is free (RFC 5227).
        let arps = ["0.0.0.0"] + ipv4.map(\.description)
        // Before it has an address, a guest asks whether it is free, and joins groups.
        let unspecified =
            ipv6.map { "icmp6,icmp_type=135,ipv6_src=::,nd_target=\($0)" }
            + [131, 143, 133].map { "icmp6,icmp_type=\($0),ipv6_src=::" }
        return [announcement] + arps.map { allowed("\(arp),arp_spa=\($0)", .passing) }
            + [allowed("udp,nw_src=0.0.0.0,tp_src=68,tp_dst=67", .checking)]
            + ipv4.map { allowed("ip,nw_src=\($0)", .checking) }
            + unspecified.map { allowed($0, .checking) }
            + ipv6.map { allowed("ipv6,ipv6_src=\($0)", .checking) }
    }

    /// Beside those of ``SwitchFlows/checks``, which are everybody's.
    private var checks: [Flow] {
        guard isAddressed else { return [] }
        let advert = "\(here),icmp6,icmp_type=136"
        return [flow(.checking, 20, advert, "drop")]
            + ipv6.map {
                flow(.checking, 30, "\(advert),nd_target=\($0)", Flow.goTo(.tracking))
            }
    }

    private var egress: [Flow] {
        guard let allowed = groups.egress(of: port, where: here) else { return [] }
        let gateways = record.subnets.filter { $0.gatewayMode == .node }.compactMap(\.gateway)
        let always =
            SwitchFlows.known + SwitchFlows.neighbours + SwitchFlows.listeners
            + [
                "udp,tp_src=68,tp_dst=67", "udp6,tp_src=546,tp_dst=547", "icmp6,icmp_type=133",
                "ip,nw_dst=\(ServiceAddresses.ipv4)", "ipv6,ipv6_dst=\(ServiceAddresses.ipv6)",
            ]
            + gateways.flatMap { gateway in
                gateway.family == .ipv4
                    ? ["udp", "tcp"].map { "\($0),nw_dst=\(gateway),tp_dst=53" }
                    : ["udp6", "tcp6"].map { "\($0),ipv6_dst=\(gateway),tp_dst=53" }
            }
        return [flow(.egress, 1, here, "drop")]
            + always.map { flow(.egress, 20, "\(here),\($0)", Flow.goTo(.passing)) }
            + allowed.map { $0.flow(.egress, next: .passing, owner: number) }
    }

    // MARK: To the guest

    private var there: String { "reg1=\(Flow.hexadecimal(number))" }

    private var limit: [Flow] {
        guard port.limits?.inbound != nil else { return [] }
        let meter = "meter:\(SwitchMeter.inbound(number)),"
        return [flow(.limiting, 10, there, meter + Flow.goTo(.ingress))]
    }

    private var ingress: [Flow] {
        guard !port.groups.isEmpty else {
            return [flow(.ingress, 5, there, Flow.goTo(.leaving))]
        }
        // Its connections this host has not seen begin.
        let open = ["tcp", "tcp6"].map { "\(there),\($0),tcp_flags=+ack-syn" }
        return (port.hasArrived ? open : []).map {
            flow(.ingress, 20, $0, Flow.goTo(.leaving))
        }
            + groups.ingress(of: port, where: there).map {
                $0.flow(.ingress, next: .leaving, owner: number)
            }
    }
}
