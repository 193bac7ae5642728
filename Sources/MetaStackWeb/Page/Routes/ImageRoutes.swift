import Foundation
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/images`.
struct ImageRoutes {
    let pages: Pages

    var routes: [APIRoute] { [list, add, delete] }

    private var list: APIRoute {
        pages.show("/images", "All images.") { visit in Self.page(Self.view(visit)) }
    }

    private var add: APIRoute {
        pages.take("/images", "Ask for a new image.") { visit in
            var fields: [String: JSONValue] = [:]
            for name in ["name", "url", "format", "checksum"] {
                let text = (visit.typed[name] ?? "").trimmingCharacters(in: .whitespaces)
                if !text.isEmpty { fields[name] = .string(text) }
            }
            let labels = try LabelText.patch(visit.typed["labels"] ?? "", over: [:])
            if labels != .object([:]) { fields["labels"] = labels }
            let change = try ResourceChange.create(
                .image, id: pages.service.newID(), .object(fields), in: visit.cluster,
                at: visit.now)
            try await pages.commit(change, by: visit)
            return "/images"
        } orElse: { visit, problem in
            Self.page(Self.view(visit).refused("add", problem, typed: visit.typed))
        }
    }

    private var delete: APIRoute {
        pages.take("/images/delete", "Want an image no more.") { visit in
            let change = try ResourceChange.delete(
                .image, id: visit.typed["id"] ?? "", in: visit.cluster)
            try await pages.commit(change, by: visit)
            return "/images"
        } orElse: { visit, problem in
            Self.page(Self.view(visit).refused("delete", problem, typed: visit.typed))
        }
    }

    private static func page(_ view: ListView) -> Page {
        Page(title: "Images", template: "list", content: view, kinds: [.image, .vm])
    }

    private static func view(_ visit: Visit) -> ListView {
        let cluster = visit.cluster
        let table = TableView(
            cluster.imageListing, caption: "Images, one a row", at: visit.now,
            ifEmpty: "There are no images yet."
        ) { item, _, heading, cell in
            guard heading == "STATE" else { return }
            cell = .state(StateView(ImageStatus(ImageID(unchecked: item.id), in: cluster)))
        }
        var view = ListView(heading: "Images", table: table)
        guard visit.canWrite else { return view }
        view.forms = [addition(visit)]
        if let removal = FoldedForm.removal(of: .image, cluster.imageListing, visit) {
            view.forms.append(removal)
        }
        return view
    }

    private static func addition(_ visit: Visit) -> FoldedForm {
        FoldedForm(
            detailsID: "add-details", summary: "Add an image",
            form: FormView(
                "add", action: "/images", submit: "Add", proof: visit.proof,
                fields: [
                    FormView.Field(name: "name", label: "Name", isRequired: true),
                    FormView.Field(
                        name: "url", label: "Address",
                        hint: "https://, http:// or file:///: where nodes fetch it.",
                        isRequired: true),
                    .choice(
                        "format", "Format",
                        among: [("", "found out"), ("raw", "raw"), ("qcow2", "qcow2")], chosen: ""),
                    FormView.Field(
                        name: "checksum", label: "Checksum",
                        hint: "sha256: and 64 digits, of the file as it is fetched; may be empty."),
                    FormView.Field(
                        name: "labels", label: "Labels", hint: "Such as os=debian; may be empty."),
                ]))
    }
}

extension FoldedForm {
    /// The form that deletes one of a list; nil where there is none.
    static func removal(
        of kind: ResourceKind, _ listing: Listing, _ visit: Visit
    ) -> FoldedForm? {
        guard let first = listing.items.first else { return nil }
        return FoldedForm(
            detailsID: "delete-details", summary: "Delete one of the \(kind.plural)",
            form: FormView(
                "delete", action: "/\(kind.plural)/delete", submit: "Delete", proof: visit.proof,
                fields: [
                    .choice(
                        "id", kind.word.prefix(1).uppercased() + kind.word.dropFirst(),
                        among: listing.items.map { ($0.id, $0.name.printable) }, chosen: first.id,
                        hint: "One that a VM uses stays.")
                ], isDangerous: true))
    }
}
