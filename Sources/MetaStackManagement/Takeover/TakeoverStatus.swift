package import MetaStackModel

/// Whether VMs are taken over, who holds that back, and which VMs wait for it.
package struct TakeoverStatus: Sendable {
    /// nil where nobody has touched the switch, or its record cannot be read.
    package let stored: Stored<TakeoverSwitch>?
    package let malformed: MalformedRecord?
    /// Why each host holds back that does.
    package let held: [(host: HostID, reason: String)]
    /// VMs that are wanted running, ran before and are nobody's now.
    package let waiting: [(vm: VMOverview, lastHost: HostID)]

    package init(_ cluster: Cluster) {
        stored = cluster.takeoverSwitch
        malformed = cluster.malformed[TakeoverSwitch.key.path]
        held = cluster.hosts.sorted { $0.key < $1.key }.compactMap { id, host in
            host.value.takeoversHeld.map { (id, $0) }
        }
        waiting = VMOverview.all(in: cluster).compactMap { vm in
            // A VM without recorded clients starts like one that never ran.
            guard vm.desired?.value.state == .start, vm.claim == nil,
                let history = vm.history?.value, !history.clients.isEmpty
            else { return nil }
            return (vm, history.host)
        }
    }

    package var state: TakeoverSwitch.State { stored?.value.state ?? .armed }

    /// For programs.
    package func document() throws -> JSONValue {
        .object([
            "state": .string(state.rawValue),
            "message": JSONValue(malformed?.description),
            "switch": try JSONValue(stored),
            "held_by": .array(
                held.map {
                    .object(["host": .string($0.host.text), "reason": .string($0.reason)])
                }),
            "waiting": .array(
                waiting.map {
                    .object([
                        "id": .string($0.vm.id.text), "name": .string($0.vm.name),
                        "last_host": .string($0.lastHost.text),
                    ])
                }),
        ])
    }

    /// For people.
    package func text(at now: Timestamp) -> String {
        [sentence(at: now) + "\n", hostTable, vmTable].filter { !$0.isEmpty }.joined(
            separator: "\n")
    }

    /// Where the switch stands, since when and why.
    package func sentence(at now: Timestamp) -> String {
        if let malformed { return "takeovers are armed: \(malformed)".printable }
        let age = stored?.value.at?.age(at: now).map { " for \($0)" } ?? ""
        let reason = stored?.value.reason.map { ": \($0)" } ?? ""
        return "takeovers are \(state.rawValue)\(age)\(reason)".printable
    }

    private var hostTable: String {
        guard !held.isEmpty else { return "" }
        var table = Table(["HOST", "HOLDS TAKEOVERS BACK"])
        for (host, reason) in held { table.add([host.text, reason]) }
        return table.text
    }

    private var vmTable: String {
        guard !waiting.isEmpty else { return "" }
        var table = Table(["WAITING VM", "LAST HOST"])
        for (vm, host) in waiting { table.add([vm.name, host.text]) }
        return table.text
    }
}
