package import MetaStackDecisions
package import MetaStackModel

/// What is moved to share load, and what that gains.
package struct RebalanceReport: Sendable {
    package let plan: Rebalance
    private let cluster: Cluster

    package init(plan: Rebalance, cluster: Cluster) {
        self.plan = plan
        self.cluster = cluster
    }

    package static let headings = ["VM", "FROM", "TO", "ITS HOST'S LOAD"]

    /// What the plan comes to.
    package var sentence: String {
        let before = "the fullest host is \(percent(plan.spreadBefore)) fuller than the emptiest"
        return plan.steps.isEmpty
            ? before + ", and no move would better that"
            : before + ", then \(percent(plan.spreadAfter))"
    }

    /// One move's line of the table.
    package func cells(of step: Rebalance.Step) -> [String] {
        [
            VMOverview(step.vm, in: cluster).name, step.from.text, step.to.text,
            "\(percent(step.before)) → \(percent(step.after))",
        ]
    }

    /// For people.
    package var text: String {
        guard !plan.steps.isEmpty else { return sentence + "\n" }
        var table = Table(Self.headings)
        for step in plan.steps { table.add(cells(of: step)) }
        return sentence + "\n\n" + table.text
    }

    private func percent(_ permille: Int) -> String { "\(permille / 10).\(permille % 10) %" }

    /// For programs.
    package var document: JSONValue {
        .object([
            "spread_before_permille": .integer(Int64(plan.spreadBefore)),
            "spread_after_permille": .integer(Int64(plan.spreadAfter)),
            "moves": .array(
                plan.steps.map { step in
                    .object([
                        "vm": .string(step.vm.text), "from": .string(step.from.text),
                        "to": .string(step.to.text),
                        "load_before_permille": .integer(Int64(step.before)),
                        "load_after_permille": .integer(Int64(step.after)),
                    ])
                }),
        ])
    }
}

extension Rebalance.Step {
    /// The order to make the move.
    ///
    /// - Parameter order: tells it from others; a new id.
    /// - Throws: `CommandFailure` where the VM cannot be asked for it.
    package func change(
        order: String, in cluster: Cluster, at now: Timestamp
    ) throws(CommandFailure) -> ResourceChange {
        try VMAction.move(to: to, offline: false, order: order)
            .change(of: vm, in: cluster, at: now)
    }
}
