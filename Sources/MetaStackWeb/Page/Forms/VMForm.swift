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
        if id == nil {
            fields.append(
                .choice(
                    "state", "Then", among: [("start", "start it"), ("stop", "leave it stopped")],
                    chosen: "start", hint: hint("state")))
        }
        // What was read: somebody else's change in between is not overwritten.
        let seen = stored.map { [FormView.Hidden(name: "revision", value: "\($0.revision)")] }
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
        ResourceKind.vm.fields.first { $0.name == name }
            .map { $0.summary.prefix(1).uppercased() + $0.summary.dropFirst() + "." }
    }

    /// What was typed, as a merge patch of the record; null for a field that shall have its default.
    ///
    /// - Throws: `Problem` for labels and numbers that are none.
    func patch(_ typed: [String: String]) throws -> JSONValue {
        let known = id.flatMap { cluster.desiredVMs[$0]?.value }
        var fields: [String: JSONValue] = [:]
        for name in ["name", "flavour", "image", "host", "restart_policy", "state"] {
            guard let text = typed[name]?.trimmingCharacters(in: .whitespaces) else { continue }
            fields[name] = text.isEmpty ? .null : .string(text)
        }
        if let text = typed["priority"]?.trimmingCharacters(in: .whitespaces) {
            fields["priority"] = text.isEmpty ? .null : try .number(text, of: "priority")
        }
        if let text = typed["labels"] {
            fields["labels"] = try LabelText.patch(text, over: known?.labels ?? [:])
        }
        // A name in the record that means what was chosen stays a name.
        if let known, fields["flavour"] == .string(flavour(known)) { fields["flavour"] = nil }
        if let known, fields["image"] == .string(image(known)) { fields["image"] = nil }
        return .object(fields)
    }
}

extension JSONValue {
    /// - Throws: `Problem` for what is no whole number.
    static func number(_ text: String, of field: String) throws -> JSONValue {
        guard let number = Int64(text.trimmingCharacters(in: .whitespaces)) else {
            throw Problem.field(field, "\(text.quotedForPeople) is no whole number")
        }
        return .integer(number)
    }
}

/// Labels as people write them: `app=web,tier=front`.
enum LabelText {
    static func text(_ labels: [String: String]) -> String {
        labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// - Throws: `Problem` for a part without a sign between name and value.
    static func labels(_ text: String) throws -> [String: String] {
        var labels: [String: String] = [:]
        for part in text.split(separator: ",") {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            guard sides.count == 2, !sides[0].isEmpty else {
                throw Problem.field(
                    "labels", "\(String(part).quotedForPeople) is no label, write it like app=web")
            }
            labels[sides[0]] = sides[1]
        }
        return labels
    }

    /// A merge patch: those that are there and not wanted any more go.
    static func patch(_ text: String, over known: [String: String]) throws -> JSONValue {
        let wanted: [String: JSONValue] = try labels(text).mapValues { .string($0) }
        return .object(known.mapValues { _ in JSONValue.null }.merging(wanted) { $1 })
    }
}

extension Problem {
    /// One field is to blame.
    static func field(_ name: String, _ reason: String) -> Problem {
        Problem(
            .unprocessableContent, "\(name): \(reason)",
            errors: [FieldProblem(path: name, problem: reason)])
    }
}
