import MetaStackManagement
import MetaStackModel

/// What can be wanted of a host on its page.
struct HostForm {
    let id: HostID
    let visit: Visit

    private var path: String { LinkView.host(id).href }
    private var wanted: DesiredHost? { visit.cluster.desiredHosts[id]?.value }

    var maintenance: FormView {
        guard wanted?.state != .maintenance else {
            return FormView(
                "ready", action: "\(path)/ready", submit: "Let it take VMs again",
                proof: visit.proof)
        }
        return FormView(
            "maintenance", action: "\(path)/maintenance", submit: "Send its VMs elsewhere",
            proof: visit.proof,
            fields: [
                FormView.Field(
                    name: "reason", label: "Why",
                    hint: "For whoever looks later; it takes no VMs until it is ready again.")
            ])
    }

    // MARK: Labels and overcommit

    private static let fields = ResourceKind.host.fields.filter {
        ["labels", "vcpu_overcommit", "ram_overcommit"].contains($0.name)
    }

    var edit: FoldedForm {
        let host = wanted ?? DesiredHost()
        let values: [String: String] = [
            "labels": LabelText.text(host.labels), "vcpu_overcommit": "\(host.vcpuOvercommit)",
            "ram_overcommit": "\(host.ramOvercommit)",
        ]
        let stored = visit.cluster.desiredRecord(.host, id.text)
        return FoldedForm(
            detailsID: "edit-details", summary: "Labels and overcommit",
            form: FormView(
                "edit", action: "\(path)/edit", submit: "Save", proof: visit.proof,
                fields: Self.fields.map { field in
                    var shown = field.typed(values[field.name].map { .string($0) })
                    switch field.name {
                    case "labels":
                        shown.hint = "Such as rack=7,disk=ssd, on top of its own configuration's."
                    case "vcpu_overcommit": shown.label = "vCPU overcommit"
                    default: shown.label = "RAM overcommit"
                    }
                    return shown
                }, hidden: [Visit.seen(stored)]))
    }

    /// - Throws: `Problem`, `CommandFailure` with the field that is to blame.
    func change() throws -> ResourceChange {
        try ResourceChange.patch(
            .host, id: id.text,
            try Self.fields.patch(visit.typed, over: wanted?.labels ?? [:]),
            expecting: try visit.revisionSeen(of: .host, id.text), in: visit.cluster,
            at: visit.now)
    }
}
