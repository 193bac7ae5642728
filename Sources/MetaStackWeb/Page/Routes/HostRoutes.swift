import Foundation
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/hosts` and one host, which can be sent into maintenance.
struct HostRoutes {
    let pages: Pages

    var routes: [APIRoute] { [list, one, maintain, ready] }

    private var list: APIRoute {
        pages.show("/hosts", "All hosts.") { visit in
            Page(
                title: "Hosts", template: "list",
                content: ListView(
                    heading: "Hosts", table: HostTable.table(visit.cluster, at: visit.now)),
                kinds: [.host, .vm])
        }
    }

    private var one: APIRoute {
        pages.show("/hosts/{host}", "One host.") { visit in try Self.page(visit) }
    }

    private var maintain: APIRoute {
        pages.take("/hosts/{host}/maintenance", "Send a host's VMs elsewhere.") { visit in
            let reason = (visit.typed["reason"] ?? "").trimmingCharacters(in: .whitespaces)
            return try await want(
                [
                    "state": .string("maintenance"),
                    "reason": reason.isEmpty ? .null : .string(reason),
                ], visit)
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

    private static func page(_ visit: Visit, refused problem: Problem? = nil) throws -> Page {
        let id = try visit.host()
        var view = HostView(id, in: visit.cluster, at: visit.now)
        if visit.canWrite { view.forms = [form(id, visit)] }
        if let problem { view = view.refused(problem, typed: visit.typed) }
        return Page(
            title: "Host \(view.name)", template: "host", content: view, kinds: [.host, .vm])
    }

    private static func form(_ id: HostID, _ visit: Visit) -> FoldedForm {
        let path = LinkView.host(id).href
        if visit.cluster.desiredHosts[id]?.value.state == .maintenance {
            return FoldedForm(
                detailsID: "ready-details", summary: "End the maintenance",
                form: FormView(
                    "ready", action: "\(path)/ready", submit: "Let it take VMs again",
                    proof: visit.proof))
        }
        return FoldedForm(
            detailsID: "maintenance-details", summary: "Maintenance",
            form: FormView(
                "maintenance", action: "\(path)/maintenance", submit: "Send its VMs elsewhere",
                proof: visit.proof,
                fields: [
                    FormView.Field(
                        name: "reason", label: "Why",
                        hint: "For whoever looks later; it takes no VMs until it is ready again.")
                ]))
    }
}

extension HostView {
    /// With its form as it was refused.
    fileprivate func refused(_ problem: Problem, typed: [String: String]) -> HostView {
        var view = self
        view.alert = problem.sentence.printable
        view.forms = forms.map { folded in
            var folded = folded
            folded.form = folded.form.refused(problem, typed: typed)
            folded.form.alert = nil
            return folded
        }
        return view
    }
}

extension Visit {
    /// - Throws: `Problem` (404) for the beginning of a name, too.
    fileprivate func host() throws -> HostID {
        let text = try context.part("host")
        let id = HostID(unchecked: try cluster.find(.host, text))
        guard id.text == text else {
            throw Problem(.notFound, "there is no host \(text.quotedForPeople)")
        }
        return id
    }
}
