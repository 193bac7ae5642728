import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/networks/{network}` and its kin: one thing, and the form that changes it.
struct ThingRoutes {
    let kind: ResourceKind
    let pages: Pages
    let tables: @Sendable (Visit, _ id: String) -> [TableView]
    /// Of the form that changes it; their names are the record's.
    let fields: @Sendable (Visit, _ id: String) -> [FormView.Field]
    /// What was typed, as a merge patch of the record.
    let patch: @Sendable (Visit, _ id: String) throws -> JSONValue

    var routes: [APIRoute] { [show, change] }

    private var path: String { "/\(kind.plural)/{\(kind.word)}" }

    private var show: APIRoute {
        pages.show(path, "One of the \(kind.plural).") { visit in
            page(try view(visit, try id(visit)))
        }
    }

    private var change: APIRoute {
        pages.take("\(path)/edit", "Change what is wanted of one of the \(kind.plural).") { visit in
            let id = try id(visit)
            let change = try ResourceChange.patch(
                kind, id: id, try patch(visit, id),
                expecting: try visit.revisionSeen(of: kind, id), in: visit.cluster, at: visit.now)
            try await pages.commit(change, by: visit)
            return "/\(kind.plural)/\(id.pathSegment)"
        } orElse: { visit, problem in
            page(
                try view(visit, try id(visit)).refused("edit", problem, typed: visit.typed))
        }
    }

    /// - Throws: `Problem` (404) for the beginning of a name, too.
    private func id(_ visit: Visit) throws -> String {
        let text = try visit.context.part(kind.word)
        let id = try visit.cluster.find(kind, text)
        guard try id == text || visit.cluster.resource(kind, id)?.name == text else {
            throw Problem(.notFound, "there is no \(kind.word) \(text.quotedForPeople)")
        }
        return id
    }

    private func page(_ view: ListView) -> Page {
        Page(
            title: view.heading, template: "list", content: view,
            kinds: [kind, .vm] + (kind == .network ? [.address] : []))
    }

    private func view(_ visit: Visit, _ id: String) throws -> ListView {
        let name = try visit.cluster.resource(kind, id)?.name ?? id
        var view = ListView(
            heading: "\(kind.spoken.withCapital) \(name)".printable, tables: tables(visit, id),
            links: [LinkView(href: "/\(kind.plural)", text: "All \(kind.spokenPlural)")])
        // One that cannot be read is not changed field by field.
        guard visit.canWrite, let stored = visit.cluster.desiredRecord(kind, id) else {
            return view
        }
        view.forms = [
            FoldedForm(
                detailsID: "edit-details", summary: "Change it",
                form: FormView(
                    "edit", action: "/\(kind.plural)/\(id.pathSegment)/edit", submit: "Save",
                    proof: visit.proof, fields: fields(visit, id),
                    hidden: [Visit.seen(stored)]))
        ]
        return view
    }
}
