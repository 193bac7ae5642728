import MetaStackDecisions
import MetaStackManagement
import MetaStackModel

/// What `metastack rebalance --dry-run` says, and the form that does it: `rebalance.mustache`.
struct RebalanceView: Sendable {
    var alert: String?
    let sentence: String?
    let moves: TableView?
    let question: FormView
    /// nil for those who may not write, and where there is nothing to move.
    var order: FormView?
    /// Whether nodes do it by themselves.
    let policy: String

    init(_ query: RebalanceQuery, _ visit: Visit) {
        let cluster = visit.cluster
        var wanted = cluster.rebalancePolicy?.value ?? RebalancePolicy()
        policy =
            wanted.state == .on
            ? "Nodes do it by themselves, too." : "Nodes do not do it by themselves."
        var refusal: Problem?
        var report: RebalanceReport?
        do {
            wanted = try query.policy(in: cluster)
            let plan = Rebalance(of: cluster, by: wanted, at: visit.now)
            report = RebalanceReport(plan: plan, cluster: cluster)
        } catch {
            refusal = Problem(error)
        }
        question = FormView(
            asking: "plan", action: "/rebalance", submit: "Plan anew",
            fields: query.fields(wanted, refusal))
        alert = refusal?.sentence.printable
        sentence = report?.sentence.asSentence
        moves = report.map { report in
            TableView(
                "moves", caption: "What would be moved", RebalanceReport.headings,
                rows: report.plan.steps.map { step in
                    let cells = report.cells(of: step)
                    return .init(cells: [
                        .link(.vm(step.vm.text, cells[0])), .link(.host(step.from)),
                        .link(.host(step.to)), .text(cells[3]),
                    ])
                }, ifEmpty: "Nothing.")
        }
        guard visit.canWrite, let report, !report.plan.steps.isEmpty else { return }
        let count = report.plan.steps.count
        order = FormView(
            "rebalance", action: "/rebalance",
            submit: count == 1 ? "Move this VM" : "Move these \(count) VMs", proof: visit.proof,
            hidden: [FormView.Hidden(name: "plan", value: report.plan.digest)] + query.hidden)
    }
}
