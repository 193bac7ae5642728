import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/images`, `/flavours` and their kin: the list, the form of a new one, and the form that deletes one.
struct CatalogueRoutes {
    let kind: ResourceKind
    /// Such as `an image`.
    let one: String
    let pages: Pages
    /// Of the form of a new one; their names are the record's.
    let fields: @Sendable (Visit) -> [FormView.Field]
    /// What else belongs to it.
    var links: [LinkView] = []
    /// The record that was typed.
    var record: (@Sendable (Visit) throws -> JSONValue)?
    let table: @Sendable (Visit) -> (listing: Listing, table: TableView)

    var routes: [APIRoute] { [list, add, delete] }

    private var path: String { "/\(kind.plural)" }

    private var list: APIRoute {
        pages.show(path, "All \(kind.plural).") { visit in page(view(visit)) }
    }

    private var add: APIRoute {
        pages.take(path, "Ask for \(one).") { visit in
            let patch = try record?(visit) ?? kind.fields.patch(visit.typed)
            let id = kind.isNamedByID ? visit.text("id") ?? "" : pages.service.newID()
            let change = try ResourceChange.create(
                kind, id: id, JSONValue.object([:]).merged(with: patch), in: visit.cluster,
                at: visit.now)
            try await pages.commit(change, by: visit)
            return path
        } orElse: { visit, problem in
            page(view(visit).refused("add", problem, typed: visit.typed))
        }
    }

    private var delete: APIRoute {
        pages.take("\(path)/delete", "Want \(one) no more.") { visit in
            let change = try ResourceChange.delete(
                kind, id: visit.text("id") ?? "", in: visit.cluster)
            try await pages.commit(change, by: visit)
            return path
        } orElse: { visit, problem in
            page(view(visit).refused("delete", problem, typed: visit.typed))
        }
    }

    private func page(_ view: ListView) -> Page {
        Page(title: kind.pluralHeading, template: "list", content: view, kinds: [kind, .vm])
    }

    private func view(_ visit: Visit) -> ListView {
        let (listing, table) = table(visit)
        var view = ListView(heading: kind.pluralHeading, tables: [table], links: links)
        guard visit.canWrite else { return view }
        let addition = FoldedForm(
            detailsID: "add-details", summary: "Add \(one)",
            form: FormView(
                "add", action: path, submit: "Add", proof: visit.proof, fields: fields(visit)))
        let removal = FoldedForm.removal(
            "delete", action: "\(path)/delete", summary: "Delete one of the \(kind.spokenPlural)",
            submit: "Delete",
            .choice(
                "id", kind.spoken.withCapital,
                among: listing.items.map { ($0.id, $0.name.printable) },
                chosen: listing.items.first?.id ?? "", hint: "One that is in use stays."), visit)
        view.forms = [addition] + (listing.items.isEmpty ? [] : [removal])
        return view
    }
}

extension ResourceKind {
    /// As a sentence has it.
    var spoken: String { self == .sshKey ? "SSH key" : word.replacing("-", with: " ") }
    var spokenPlural: String { self == .address ? "addresses" : spoken + "s" }
    var pluralHeading: String { spokenPlural.withCapital }
}
