/// One OpenFlow flow.
struct Flow: Sendable, Hashable {
    /// The tables that a frame goes through, in order.
    enum Stage: Int, Sendable {
        /// By the port that it comes from; its MAC, and its sender's limit.
        case arriving = 0
        /// From a guest: its own addresses.
        case sources = 10
        /// From a guest: nothing that only routers and servers say.
        case checking = 12
        /// To where its connection is known.
        case tracking = 15
        /// What security groups let a guest send.
        case egress = 20
        /// What a host keeps for itself, and what it keeps out.
        case passing = 30
        /// By the MAC that it is for.
        case forwarding = 40
        /// To a guest, in register 1: its limit.
        case limiting = 45
        /// To a guest: what its security groups let in.
        case ingress = 50
        /// To the port in register 1, with its connection noted.
        case leaving = 60
    }

    enum Actions: Sendable, Hashable {
        case steps(String)
        /// Halves of conjunctions, such as `3,1/2`, of which the same match may have several.
        case halves(Set<String>)
    }

    var stage: Stage
    var priority: Int
    var match: String
    var actions: Actions
    /// Whose it is: a guest's number, or 0.
    var owner = 0

    /// A line of `ovs-ofctl replace-flows`.
    var text: String {
        let fields = match.isEmpty ? "" : ",\(match)"
        return "cookie=\(owner),table=\(stage.rawValue),priority=\(priority)\(fields) "
            + "actions=\(actions.text)"
    }

    static func goTo(_ stage: Stage) -> String { "goto_table:\(stage.rawValue)" }

    static func send(to port: Int) -> String {
        "set_field:\(hexadecimal(port))->reg1,\(goTo(.leaving))"
    }

    /// As Open vSwitch writes registers itself, so that what is the same is seen to be.
    static func hexadecimal(_ number: Int) -> String { "0x" + String(number, radix: 16) }
}

extension Flow {
    /// What may be said once.
    fileprivate struct Place: Hashable {
        var stage: Stage
        var priority: Int
        var match: String
    }
}

extension Flow.Actions {
    fileprivate var text: String {
        switch self {
        case .steps(let steps): steps
        case .halves(let halves):
            halves.sorted().map { "conjunction(\($0))" }.joined(separator: ",")
        }
    }
}

extension [Flow] {
    /// One flow a match: what rules of several groups say of the same is put together.
    var merged: [Flow] {
        var found: [Flow.Place: Flow] = [:]
        for flow in self {
            let place = Flow.Place(stage: flow.stage, priority: flow.priority, match: flow.match)
            if case .halves(let old)? = found[place]?.actions, case .halves(let new) = flow.actions
            {
                found[place]?.actions = .halves(old.union(new))
            } else {
                found[place] = flow
            }
        }
        return Array(found.values)
    }
}
