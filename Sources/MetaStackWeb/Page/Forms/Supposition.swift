import MetaStackManagement
import MetaStackModel

/// What somebody supposes of a VM, to be told what would come of it: `metastack explain --lost`.
struct Supposition: Sendable, Equatable {
    private let lost: String
    private let flavour: String

    /// - Parameter fields: of the page's address.
    init(_ fields: [String: String]) {
        lost = fields["lost"]?.trimmed ?? ""
        flavour = fields["flavour"]?.trimmed ?? ""
    }

    /// - Throws: `CommandFailure` where there is no such host or flavour.
    func question(in cluster: Cluster) throws(CommandFailure) -> Explanation.Question {
        try Explanation.Question(
            lost: lost.split(separator: ",").map { String($0).trimmed },
            flavour: flavour.isEmpty ? nil : flavour, in: cluster)
    }

    func form(_ id: VMID, _ cluster: Cluster) -> FoldedForm {
        let flavours = cluster.flavours.map { ($0.key.text, $0.value.value.name.text.printable) }
            .sorted { ($0.1, $0.0) < ($1.1, $1.0) }
        return FoldedForm(
            detailsID: "suppose-details", summary: "What if…",
            form: FormView(
                asking: "suppose", action: "/vms/\(id.text.pathSegment)", submit: "Say",
                fields: [
                    FormView.Field(
                        name: "lost", label: "Hosts that are gone", value: lost,
                        hint: "Such as host2,host3."),
                    .choice(
                        "flavour", "Its flavour", among: [("", "as it is")] + flavours,
                        chosen: flavour),
                ]), isOpen: !lost.isEmpty || !flavour.isEmpty)
    }
}
