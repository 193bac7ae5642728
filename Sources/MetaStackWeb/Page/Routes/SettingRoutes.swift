import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/config` and one setting: what `metastack config` lists, shows, sets and unsets.
struct SettingRoutes {
    let pages: Pages

    var routes: [APIRoute] { [list, add, one, change, unset] }

    private var list: APIRoute {
        pages.show("/config", "All settings.") { visit in Self.page(try Self.view(visit)) }
    }

    private var add: APIRoute {
        pages.take("/config", "Make a setting.") { visit in
            let record = try SettingForm.json(visit.typed["record"] ?? "")
            let change = try ResourceChange.create(
                .config, id: visit.text("id") ?? "", record, in: visit.cluster, at: visit.now)
            try await pages.commit(change, by: visit)
            return Self.path(change.id)
        } orElse: { visit, problem in
            Self.page(try Self.view(visit).refused("add", problem, typed: visit.typed))
        }
    }

    private var one: APIRoute {
        pages.show("/config/{config}", "One setting.") { visit in
            let form = try SettingForm(visit)
            return form.page(form.view)
        }
    }

    private var change: APIRoute {
        pages.take("/config/{config}", "Change a setting, or make it.") { visit in
            let form = try SettingForm(visit)
            try await pages.commit(try form.change(), by: visit)
            return Self.path(form.name)
        } orElse: { visit, problem in
            let form = try SettingForm(visit)
            var view = form.view
            view.form = view.form?.refused(problem, typed: visit.typed)
            return form.page(view)
        }
    }

    private var unset: APIRoute {
        pages.take("/config/{config}/delete", "Let a setting's default hold again.") { visit in
            let form = try SettingForm(visit)
            let change = try ResourceChange.delete(
                .config, id: form.name,
                expecting: try visit.revisionSeen(of: .config, form.name), in: visit.cluster)
            try await pages.commit(change, by: visit)
            return "/config"
        } orElse: { visit, problem in
            let form = try SettingForm(visit)
            var view = form.view
            view.alert = problem.sentence.printable
            return form.page(view)
        }
    }

    static func path(_ name: String) -> String { "/config/\(name.pathSegment)" }

    private static func page(_ view: ListView) -> Page {
        Page(title: "Settings", template: "list", content: view, kinds: [.config])
    }

    private static func view(_ visit: Visit) throws -> ListView {
        let made = TableView(
            try visit.cluster.configListing(), caption: "What somebody has set", at: visit.now,
            ifEmpty: "Nobody has set anything: the defaults hold."
        ) { item, _, heading, cell in
            if heading == "NAME" { cell.href = path(item.id) }
        }
        let known = TableView(
            "known", caption: "What nodes and servers know", ["NAME", "WHAT"],
            rows: KnownSetting.allCases.map { setting in
                .init(cells: [
                    TableView.Cell(text: setting.rawValue, href: path(setting.rawValue)),
                    .text(setting.summary),
                ])
            })
        var view = ListView(heading: "Settings", tables: [made, known])
        guard visit.canWrite else { return view }
        view.forms = [
            FoldedForm(
                detailsID: "add-details", summary: "Make another setting",
                form: FormView(
                    "add", action: "/config", submit: "Make it", proof: visit.proof,
                    fields: [
                        FormView.Field(
                            name: "id", label: "Name",
                            hint: "It is kept for whoever reads it; no node does.",
                            isRequired: true),
                        SettingForm.field("{}"),
                    ]))
        ]
        return view
    }
}
