import MetaStackDecisions
import MetaStackModel

/// A node's figures in Prometheus's format, taken when somebody asks: at rest they cost nothing.
struct NodeFigures: Sendable {
    let view: NodeView
    let hypervisor: any Hypervisor
    let clock: any NodeClock

    /// What is known of the node, and of its guests where the hypervisor says it.
    func text() async -> String {
        let guests: [GuestFigures]?
        do {
            guests = try await hypervisor.figures()
        } catch {
            guests = nil  // The figure of the hypervisor says so, and the log has why.
        }
        let now = clock.now
        return view.read { state in
            var text = PrometheusText()
            text.add(
                "metastack_node_session_proven", .gauge,
                "Whether the node may act: its lease in etcd is proven.",
                [.init([], state.session.provenLease(at: now) == nil ? 0 : 1)])
            text.add(
                "metastack_node_hypervisor_up", .gauge, "Whether libvirt answers.",
                [.init([], guests == nil ? 0 : 1)])
            text.add(
                "metastack_node_revision", .gauge, "etcd's revision as the node knows it.",
                [.init([], Double(state.cluster.revision.number))])
            let claims = state.cluster.actualVMs.filter { $0.value.value.host == view.me }
            let states = Dictionary(grouping: claims.values, by: \.value.state.rawValue)
            text.add(
                "metastack_node_claims", .gauge, "VMs that the node owns, by state.",
                states.sorted { $0.key < $1.key }.map {
                    .init([("state", $0.key)], Double($0.value.count))
                })
            Self.add(guests ?? [], state.cluster, to: &text)
            return text.text
        }
    }

    private static func add(
        _ guests: [GuestFigures], _ cluster: Cluster, to text: inout PrometheusText
    ) {
        let guests = guests.sorted { $0.vm < $1.vm }
        func labels(_ vm: VMID) -> [(name: String, value: String)] {
            [("vm", vm.text), ("name", cluster.desiredVMs[vm]?.value.name.text ?? "")]
        }
        text.add(
            "metastack_guest_cpu_seconds_total", .counter, "Processor time of a guest.",
            guests.map { .init(labels($0.vm), $0.cpuTime / .seconds(1)) })
        text.add(
            "metastack_guest_memory_bytes", .gauge, "Memory that a guest has.",
            guests.map { .init(labels($0.vm), Double($0.memory)) })
        let nics = guests.flatMap { guest in
            let known = cluster.actualVMs[guest.vm]?.value.guestNICs(of: guest.vm) ?? []
            return guest.nics.map { nic in
                let place = known.firstIndex { $0.interface == nic.interface }
                let network = place.flatMap { known[$0].network }.map {
                    cluster.networks[$0]?.value.name.text ?? $0.text
                }
                return (
                    labels: labels(guest.vm) + [
                        ("nic", place.map(String.init) ?? ""), ("network", network ?? ""),
                        ("interface", nic.interface.text),
                    ], nic: nic
                )
            }
        }
        for (direction, words, counts) in [
            ("receive", "guests' NICs received", \GuestFigures.NIC.received),
            ("transmit", "guests' NICs sent", \GuestFigures.NIC.sent),
        ] {
            for (unit, what, count) in [
                ("bytes", "Bytes", \GuestFigures.Counts.bytes),
                ("packets", "Packets", \GuestFigures.Counts.packets),
                ("errors", "Errors of packets", \GuestFigures.Counts.errors),
                ("drop", "Packets that were dropped of those", \GuestFigures.Counts.dropped),
            ] {
                text.add(
                    "metastack_nic_\(direction)_\(unit)_total", .counter, "\(what) that \(words).",
                    nics.map { .init($0.labels, Double($0.nic[keyPath: counts][keyPath: count])) })
            }
        }
    }
}
