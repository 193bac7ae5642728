import Foundation
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/vms/new` and `/vms/{vm}/edit`.
struct VMFormRoutes {
    let pages: Pages

    var routes: [APIRoute] { [askNew, create, askChange, change] }

    private var askNew: APIRoute {
        pages.show("/vms/new", "The form of a new VM.") { visit in
            try visit.requireWriter()
            return Self.page(visit, nil)
        }
    }

    private var create: APIRoute {
        pages.take("/vms/new", "Ask for a new VM.") { visit in
            let form = VMForm(id: nil, cluster: visit.cluster, proof: visit.proof)
            let id = pages.service.newID()
            let record = JSONValue.object([:]).merged(with: try form.patch(visit.typed))
            let change = try ResourceChange.create(
                .vm, id: id, record, in: visit.cluster, at: visit.now)
            try await pages.commit(change, by: visit)
            return LinkView.vm(change.name).href
        } orElse: { visit, problem in
            Self.page(visit, nil, refused: problem)
        }
    }

    private var askChange: APIRoute {
        pages.show("/vms/{vm}/edit", "The form of a VM's change.") { visit in
            try visit.requireWriter()
            return Self.page(visit, try visit.vm())
        }
    }

    private var change: APIRoute {
        pages.take("/vms/{vm}/edit", "Change what is wanted of a VM.") { visit in
            let id = try visit.vm()
            let form = VMForm(id: id, cluster: visit.cluster, proof: visit.proof)
            let change = try ResourceChange.patch(
                .vm, id: id.text, try form.patch(visit.typed),
                expecting: try visit.revisionSeen(of: .vm, id.text), in: visit.cluster,
                at: visit.now)
            try await pages.commit(change, by: visit)
            return "/vms/\(id.text.pathSegment)"
        } orElse: { visit, problem in
            Self.page(visit, try visit.vm(), refused: problem)
        }
    }

    private static func page(
        _ visit: Visit, _ id: VMID?, refused problem: Problem? = nil
    ) -> Page {
        let form = VMForm(id: id, cluster: visit.cluster, proof: visit.proof).view
        let name = id.map { VMOverview($0, in: visit.cluster).name.printable }
        let heading = name.map { "Edit VM \($0)" } ?? "Create a VM"
        return Page(
            title: heading, template: "vmform",
            content: VMFormView(
                heading: heading, back: id.map { "/vms/\($0.text.pathSegment)" } ?? "/vms",
                form: problem.map { form.refused($0, typed: visit.typed) } ?? form))
    }
}

struct VMFormView: Sendable {
    let heading: String
    let back: String
    let form: FormView
}
