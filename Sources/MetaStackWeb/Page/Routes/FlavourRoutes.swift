import Foundation
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/flavours`.
struct FlavourRoutes {
    let pages: Pages

    var routes: [APIRoute] { [list, add, delete] }

    private var list: APIRoute {
        pages.show("/flavours", "All flavours.") { visit in Self.page(Self.view(visit)) }
    }

    private var add: APIRoute {
        pages.take("/flavours", "Ask for a new flavour.") { visit in
            let change = try ResourceChange.create(
                .flavour, id: pages.service.newID(), try Self.record(visit.typed),
                in: visit.cluster, at: visit.now)
            try await pages.commit(change, by: visit)
            return "/flavours"
        } orElse: { visit, problem in
            Self.page(Self.view(visit).refused("add", problem, typed: visit.typed))
        }
    }

    private static func record(_ typed: [String: String]) throws -> JSONValue {
        var fields: [String: JSONValue] = [
            "vcpus": try .number(typed["vcpus"] ?? "", of: "vcpus")
        ]
        for name in ["name", "ram", "disk"] {
            let text = (typed[name] ?? "").trimmingCharacters(in: .whitespaces)
            if !text.isEmpty { fields[name] = .string(text) }
        }
        let labels = try LabelText.patch(typed["labels"] ?? "", over: [:])
        if labels != .object([:]) { fields["labels"] = labels }
        return .object(fields)
    }

    private var delete: APIRoute {
        pages.take("/flavours/delete", "Want a flavour no more.") { visit in
            let change = try ResourceChange.delete(
                .flavour, id: visit.typed["id"] ?? "", in: visit.cluster)
            try await pages.commit(change, by: visit)
            return "/flavours"
        } orElse: { visit, problem in
            Self.page(Self.view(visit).refused("delete", problem, typed: visit.typed))
        }
    }

    private static func page(_ view: ListView) -> Page {
        Page(title: "Flavours", template: "list", content: view, kinds: [.flavour, .vm])
    }

    private static func view(_ visit: Visit) -> ListView {
        let listing = visit.cluster.flavourListing
        var view = ListView(
            heading: "Flavours",
            table: TableView(
                listing, caption: "Flavours, one a row", at: visit.now,
                ifEmpty: "There are no flavours yet."
            ) { _, _, _, _ in })
        guard visit.canWrite else { return view }
        view.forms = [addition(visit)]
        if let removal = FoldedForm.removal(of: .flavour, listing, visit) {
            view.forms.append(removal)
        }
        return view
    }

    private static func addition(_ visit: Visit) -> FoldedForm {
        FoldedForm(
            detailsID: "add-details", summary: "Add a flavour",
            form: FormView(
                "add", action: "/flavours", submit: "Add", proof: visit.proof,
                fields: [
                    FormView.Field(name: "name", label: "Name", isRequired: true),
                    FormView.Field(
                        name: "vcpus", label: "vCPUs", value: "1", type: "number", isRequired: true),
                    FormView.Field(
                        name: "ram", label: "RAM", hint: "Such as 512MiB or 4GiB.", isRequired: true
                    ),
                    FormView.Field(
                        name: "disk", label: "Disk",
                        hint: "Such as 20GiB; as large as the image where it is empty."),
                    FormView.Field(name: "labels", label: "Labels", hint: "May be empty."),
                ]))
    }
}
