import Foundation
import HTTPTypes
import MetaStackManagement
import MetaStackModel

/// The form of a new VM, and of one that is changed.
struct VMForm {
    /// nil for a new one.
    let id: VMID?
    let cluster: Cluster
    let proof: String

    private var path: String { id.map { "/vms/\($0.text.pathSegment)/edit" } ?? "/vms/new" }

    var view: FormView {
        let stored = id.flatMap { cluster.desiredVMs[$0] }
        let known = stored?.value
        let flavours = Self.choices(
            cluster.flavours.map { ($0.key.text, $0.value.value.name.text) })
        let images = Self.choices(cluster.images.map { ($0.key.text, $0.value.value.name.text) })
        let hosts = cluster.hostNames.known.map(\.id.text).sorted()
        var fields: [FormView.Field] = [
            FormView.Field(
                name: "name", label: "Name", value: known?.name.text ?? "", hint: hint("name"),
                isRequired: true),
            .choice(
                "flavour", "Flavour", among: flavours,
                chosen: known.map(flavour) ?? flavours.first?.value ?? "",
                hint: hint("flavour")),
            .choice(
                "image", "Image", among: images,
                chosen: known.map(image) ?? images.first?.value ?? "",
                hint: hint("image")),
            .choice(
                "host", "Host", among: [("", "any")] + hosts.map { ($0, $0) },
                chosen: known?.host?.text ?? "", hint: hint("host")),
            .choice(
                "restart_policy", "Restart",
                among: DesiredVM.RestartPolicy.allCases.map { ($0.rawValue, $0.rawValue) },
                chosen: (known?.restart ?? .onFailure).rawValue, hint: hint("restart_policy")),
            FormView.Field(
                name: "priority", label: "Priority",
                value: known.map { "\($0.placement.priority)" } ?? "0", type: "number",
                hint: hint("priority")),
            FormView.Field(
                name: "labels", label: "Labels", value: LabelText.text(known?.labels ?? [:]),
                hint: "Such as app=web,tier=front: by which people pick it out."),
        ]
        fields += VMNetworkFields(known: known, cluster: cluster).fields
        if id == nil {
            fields.append(
                .choice(
                    "state", "Then", among: [("start", "start it"), ("stop", "leave it stopped")],
                    chosen: "start", hint: hint("state")))
        }
        // What was read: somebody else's change in between is not overwritten.
        let seen = id.map { [Visit.seen(cluster.desiredRecord(.vm, $0.text))] }
        return FormView(
            "vm", action: path, submit: id == nil ? "Create" : "Save", proof: proof,
            fields: fields, hidden: seen ?? [])
    }

    /// By their ids, as the command line writes them; people see the names.
    private static func choices(
        _ known: [(id: String, name: String)]
    ) -> [(value: String, text: String)] {
        known.sorted { ($0.name, $0.id) < ($1.name, $1.id) }.map { ($0.id, $0.name.printable) }
    }

    /// The flavour's id, whether the record has that or the name; what it has where that leads nowhere.
    private func flavour(_ desired: DesiredVM) -> String {
        do throws(UnresolvedReference) {
            return try cluster.flavour(desired.flavour).id.text
        } catch {
            return desired.flavour
        }
    }

    private func image(_ desired: DesiredVM) -> String {
        do throws(UnresolvedReference) {
            return try cluster.image(desired.image).id.text
        } catch {
            return desired.image
        }
    }

    /// What the API's description says of it.
    private func hint(_ name: String) -> String? {
        ResourceKind.vm.fields.first { $0.name == name }?.hint
    }

    /// What was typed, as a merge patch of the record.
    ///
    /// - Throws: `Problem` for labels and numbers that are none.
    func patch(_ typed: [String: String]) throws -> JSONValue {
        let known = id.flatMap { cluster.desiredVMs[$0]?.value }
        let patch = try ResourceKind.vm.fields.patch(typed, over: known?.labels ?? [:])
            .with(VMNetworkFields(known: known, cluster: cluster).patch(typed))
        guard let known, case .object(var fields) = patch else { return patch }
        // A name in the record that means what was chosen stays a name.
        if fields["flavour"] == .string(flavour(known)) { fields["flavour"] = nil }
        if fields["image"] == .string(image(known)) { fields["image"] = nil }
        return .object(fields)
    }
}
