import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/hosts` and one host: maintenance, labels and how much it promises.
struct HostRoutes {
    let pages: Pages

    var routes: [APIRoute] { [list, one, maintain, ready, change] }

    private var list: APIRoute {
        pages.show("/hosts", "All hosts.") { visit in
            Page(
                title: "Hosts", template: "list",
                content: ListView(
                    heading: "Hosts", tables: [HostTable.table(visit.cluster, at: visit.now)],
                    links: [LinkView(href: "/rebalance", text: "Share the load")]),
                kinds: [.host, .vm])
        }
    }

    private var one: APIRoute {
        pages.show("/hosts/{host}", "One host.") { visit in Self.page(try Self.view(visit)) }
    }

    // MARK: Maintenance

    private var maintain: APIRoute {
        pages.take("/hosts/{host}/maintenance", "Send a host's VMs elsewhere.") { visit in
            let reason = visit.text("reason")
            return try await want(
                ["state": .string("maintenance"), "reason": JSONValue(reason)], visit)
        } orElse: { visit, problem in
            try Self.page(visit, refused: problem)
        }
    }

    private var ready: APIRoute {
        pages.take("/hosts/{host}/ready", "Let a host take VMs again.") { visit in
            try await want(["state": .string("ready"), "reason": .null], visit)
        } orElse: { visit, problem in
            try Self.page(visit, refused: problem)
        }
    }

    private func want(_ fields: [String: JSONValue], _ visit: Visit) async throws -> String {
        let id = try visit.host()
        let change = try ResourceChange.patch(
            .host, id: id.text, .object(fields), in: visit.cluster, at: visit.now)
        try await pages.commit(change, by: visit)
        return LinkView.host(id).href
    }

    private static func page(_ visit: Visit, refused problem: Problem) throws -> Page {
        var view = try view(visit)
        view.alert = problem.sentence.printable
        view.maintenance = view.maintenance?.refused(problem, typed: visit.typed)
        view.maintenance?.alert = nil
        return page(view)
    }

    // MARK: Labels and overcommit

    private var change: APIRoute {
        pages.take("/hosts/{host}/edit", "Change a host's labels and overcommit.") { visit in
            let form = HostForm(id: try visit.host(), visit: visit)
            try await pages.commit(try form.change(), by: visit)
            return LinkView.host(form.id).href
        } orElse: { visit, problem in
            var view = try Self.view(visit)
            view.edit?.refuse(problem, typed: visit.typed)
            return Self.page(view)
        }
    }

    // MARK: The page

    private static func page(_ view: HostView) -> Page {
        Page(title: "Host \(view.name)", template: "host", content: view, kinds: [.host, .vm])
    }

    private static func view(_ visit: Visit) throws -> HostView {
        let form = HostForm(id: try visit.host(), visit: visit)
        var view = HostView(form.id, in: visit.cluster, at: visit.now)
        guard visit.canWrite else { return view }
        view.maintenance = form.maintenance
        view.edit = form.edit
        return view
    }
}
