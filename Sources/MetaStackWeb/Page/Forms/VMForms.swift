import MetaStackManagement
import MetaStackModel

/// What can be asked of a VM on its page.
struct VMForms {
    let id: VMID
    let cluster: Cluster
    let proof: String

    private var path: String { "/vms/\(id.text.pathSegment)" }

    func add(to view: inout VMView) {
        let vm = VMOverview(id, in: cluster)
        if let desired = vm.desired?.value, vm.malformed == nil {
            view.buttons = desired.state == .stop || vm.hasEnded ? [button("start", "Start")] : []
            if desired.state == .start { view.buttons.append(button("stop", "Stop")) }
            view.editHref = path + "/edit"
            if desired.state == .start, vm.claim != nil { view.move = move(vm) }
        }
        if vm.desired != nil || vm.malformed != nil { view.delete = delete(vm) }
    }

    private func button(_ verb: String, _ word: String) -> FormView {
        FormView(
            verb, action: "\(path)/\(verb)", submit: word, proof: proof, isInline: true)
    }

    private func move(_ vm: VMOverview) -> FoldedForm {
        let hosts = cluster.hosts.keys.sorted().filter { $0 != vm.claim?.value.host }
        return FoldedForm(
            detailsID: "move-details", summary: "Move…",
            form: FormView(
                "move", action: "\(path)/move", submit: "Move", proof: proof,
                fields: [
                    .choice(
                        "to", "To",
                        among: [("", "the best of the others")] + hosts.map { ($0.text, $0.text) },
                        chosen: ""),
                    .choice(
                        "how", "How",
                        among: [
                            ("live", "while it runs"), ("offline", "shut down and started again"),
                        ], chosen: "live"),
                ]))
    }

    private func delete(_ vm: VMOverview) -> FoldedForm {
        FoldedForm(
            detailsID: "delete-details", summary: "Delete…",
            form: FormView(
                "delete", action: "\(path)/delete", submit: "Delete with its disks", proof: proof,
                fields: [
                    FormView.Field(
                        name: "name", label: "Its name",
                        hint: "Type \(vm.name) to say that you mean it.", isRequired: true)
                ], isDangerous: true))
    }
}
