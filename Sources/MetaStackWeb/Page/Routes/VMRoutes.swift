import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/vms` and one VM with what can be asked of it.
struct VMRoutes {
    let pages: Pages

    var routes: [APIRoute] {
        [list, one] + [action("start", .start), action("stop", .stop)] + [move, delete]
    }

    private var list: APIRoute {
        pages.show("/vms", "All VMs.") { visit in
            Page(
                title: "VMs", template: "vms",
                content: VMListView(
                    visit.cluster, VMListQuery(visit.query), at: visit.now,
                    canWrite: visit.canWrite), kinds: [.vm])
        }
    }

    private var one: APIRoute {
        pages.show("/vms/{vm}", "One VM.") { visit in try Self.page(visit) }
    }

    // MARK: Actions

    private func action(_ verb: String, _ action: VMAction) -> APIRoute {
        pages.take("/vms/{vm}/\(verb)", "Ask a VM to \(verb).") { visit in
            try await perform(action, visit)
        } orElse: { visit, problem in
            try Self.page(visit, refused: problem)
        }
    }

    private var move: APIRoute {
        pages.take("/vms/{vm}/move", "Ask a VM to move.") { visit in
            let target = visit.typed["to"].flatMap { $0.isEmpty ? nil : $0 }
            let host = try target.map { HostID(unchecked: try visit.cluster.find(.host, $0)) }
            let offline = visit.typed["how"] == "offline"
            let order = pages.service.newID()
            return try await perform(.move(to: host, offline: offline, order: order), visit)
        } orElse: { visit, problem in
            try Self.page(visit, refused: problem, in: \.move)
        }
    }

    private func perform(_ action: VMAction, _ visit: Visit) async throws -> String {
        let id = try visit.vm()
        let change = try action.change(of: id, in: visit.cluster, at: visit.now)
        try await pages.commit(change, by: visit)
        return LinkView.vm(try visit.context.part("vm")).href
    }

    private var delete: APIRoute {
        pages.take("/vms/{vm}/delete", "Want a VM no more.") { visit in
            let id = try visit.vm()
            let name = VMOverview(id, in: visit.cluster).name
            guard visit.typed["name"]?.trimmingCharacters(in: .whitespaces) == name else {
                let reason = "type its name, \(name), to delete it"
                throw Problem(
                    .unprocessableContent, reason,
                    errors: [FieldProblem(path: "name", problem: reason)])
            }
            let change = try ResourceChange.delete(
                .vm, id: id.text, in: visit.cluster)
            try await pages.commit(change, by: visit)
            return "/vms"
        } orElse: { visit, problem in
            try Self.page(visit, refused: problem, in: \.delete)
        }
    }

    // MARK: The page

    /// - Parameter place: of the form that was refused; nil for one without fields.
    private static func page(
        _ visit: Visit, refused problem: Problem? = nil,
        in place: WritableKeyPath<VMView, FoldedForm?>? = nil
    ) throws -> Page {
        let id = try visit.vm()
        var view = VMView(
            id, Supposition(visit.query), in: visit.cluster, at: visit.now,
            canWrite: visit.canWrite)
        if visit.canWrite {
            VMForms(id: id, cluster: visit.cluster, proof: visit.proof).add(to: &view)
        }
        if let problem {
            if let place, let folded = view[keyPath: place] {
                view[keyPath: place]?.form = folded.form.refused(problem, typed: visit.typed)
                view[keyPath: place]?.isOpen = true
            } else {
                view.alert = problem.sentence.printable
            }
        }
        return Page(
            title: "VM \(view.name)", template: "vm", content: view,
            kinds: [.vm, .host, .image, .flavour, .network, .securityGroup, .config], vm: id)
    }
}
