import MetaStackManagement
import MetaStackModel

/// The switch for takeovers, who holds them back, and who waits: what `metastack takeover status` says.
struct TakeoverView: Sendable {
    /// Its word is a whole sentence.
    let state: StateView
    /// Empty where nobody does.
    let tables: [TableView]
    var alert: String?
    /// Empty for those who may not write.
    var forms: [FoldedForm] = []

    init(_ cluster: Cluster, at now: Timestamp) {
        let status = TakeoverStatus(cluster)
        let isHeld = status.state == .disarmed || !status.held.isEmpty
        state = StateView(status.sentence(at: now).asSentence, isHeld ? .bad : .good)
        var tables: [TableView] = []
        if !status.held.isEmpty {
            tables.append(
                TableView(
                    "held", caption: "Hosts that hold takeovers back", ["HOST", "WHY"],
                    rows: status.held.map {
                        .init(cells: [.link(.host($0.host)), .text($0.reason)])
                    }
                ))
        }
        if !status.waiting.isEmpty {
            tables.append(
                TableView(
                    "waiting", caption: "VMs that wait to be taken over", ["VM", "LAST HOST"],
                    rows: status.waiting.map {
                        .init(cells: [
                            .link(.vm($0.vm.id.text, $0.vm.name)), .link(.host($0.lastHost)),
                        ])
                    }))
        }
        self.tables = tables
    }

    /// What can be asked of the switch as it stands.
    static func forms(_ cluster: Cluster, proof: String) -> [FoldedForm] {
        let status = TakeoverStatus(cluster)
        let arm = form(
            "arm", status.state == .armed ? "Tell those that hold back to go on" : "Arm takeovers",
            "Let hosts take over", proof)
        let disarm = form("disarm", "Disarm takeovers", "Let VMs wait whose host is gone", proof)
        switch status.state {
        case .disarmed: return [arm]
        case .armed: return status.held.isEmpty ? [disarm] : [arm, disarm]
        }
    }

    private static func form(
        _ verb: String, _ summary: String, _ submit: String, _ proof: String
    ) -> FoldedForm {
        FoldedForm(
            detailsID: "\(verb)-details", summary: summary,
            form: FormView(
                verb, action: "/takeover/\(verb)", submit: submit, proof: proof,
                fields: [
                    FormView.Field(name: "reason", label: "Why", hint: "For whoever looks later.")
                ], isDangerous: verb == "disarm"))
    }

    /// With a form as it was refused; above all of them where it is not there any more.
    mutating func refuse(_ formID: String, _ problem: Problem, typed: [String: String]) {
        if !forms.refuse(formID, problem, typed: typed) { alert = problem.sentence.printable }
    }
}
