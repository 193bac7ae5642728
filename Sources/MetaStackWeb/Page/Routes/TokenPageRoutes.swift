import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/tokens`: who may use the API and this page. For the role admin alone.
struct TokenPageRoutes {
    let pages: Pages

    var routes: [APIRoute] { [list, create, revoke] }

    private var list: APIRoute {
        pages.show("/tokens", role: .admin, "All tokens.") { visit in
            Self.page(Self.view(visit))
        }
    }

    /// The secret is in the answer and nowhere else, so that it cannot be looked at a second time.
    private var create: APIRoute {
        pages.takeAndShow("/tokens", role: .admin, "Make a token.") { visit in
            let order = try TokenOrder(try Self.order(visit), at: visit.now)
            let made = try await pages.service.make(
                order, by: visit.identity, from: visit.context.remote)
            let name = made.token.name.text
            return Page(
                title: "Token \(name)", template: "secret",
                content: SecretView(
                    name: name, role: made.token.role.rawValue, secret: made.secret.text))
        } orElse: { visit, problem in
            Self.page(Self.view(visit).refused("create", problem, typed: visit.typed))
        }
    }

    private static func order(_ visit: Visit) throws -> JSONValue {
        var fields: [String: JSONValue] = [
            "name": .string(visit.text("name") ?? ""), "role": .string(visit.text("role") ?? ""),
        ]
        if let text = visit.text("expires") {
            do throws(MetaStackModel.ValidationError) {
                fields["expires_in_s"] = .integer(try Duration(setting: text).components.seconds)
            } catch {
                throw Problem.field("expires", error.description)
            }
            guard fields["expires_in_s"] != .integer(0) else {
                throw Problem.field("expires", "a second is the least")
            }
        }
        return .object(fields)
    }

    private var revoke: APIRoute {
        pages.take("/tokens/revoke", role: .admin, "Refuse a token from now on.") { visit in
            try await pages.service.revokeToken(
                visit.text("id") ?? "", by: visit.identity, from: visit.context.remote)
            return "/tokens"
        } orElse: { visit, problem in
            Self.page(Self.view(visit).refused("revoke", problem, typed: visit.typed))
        }
    }

    private static func page(_ view: ListView) -> Page {
        Page(title: "Tokens", template: "list", content: view)
    }

    private static func view(_ visit: Visit) -> ListView {
        let tokens = visit.cluster.tokensByName
        let table = TableView(
            "tokens", caption: "Tokens, one a row; their secrets are nowhere",
            ["NAME", "ROLE", "AGE", "EXPIRES", "LAST USED", "ID"],
            rows: tokens.map { id, token in
                .init(cells: [
                    .text(token.name.text), .text(token.role.rawValue),
                    .moment(MomentView(token.createdAt, at: visit.now)),
                    .text(
                        token.isExpired(at: visit.now) ? "expired" : token.expiresAt?.description),
                    .moment(MomentView(token.lastUsed, at: visit.now)), .text(id.text),
                ])
            })
        var view = ListView(
            heading: "Tokens",
            intro:
                "A viewer reads, an operator writes what is wanted, too, an admin makes tokens, too.",
            tables: [table])
        view.forms = [
            creation(visit),
            .removal(
                "revoke", action: "/tokens/revoke", summary: "Revoke a token", submit: "Revoke",
                .choice(
                    "id", "Token",
                    among: tokens.map { ($0.text, "\($1.name.text) (\($1.role.rawValue), \($0))") },
                    chosen: tokens.first?.0.text ?? "",
                    hint: "It is refused from then on; your own logs you out."), visit),
        ]
        return view
    }

    private static func creation(_ visit: Visit) -> FoldedForm {
        FoldedForm(
            detailsID: "create-details", summary: "Make a token",
            form: FormView(
                "create", action: "/tokens", submit: "Make it", proof: visit.proof,
                fields: [
                    FormView.Field(
                        name: "name", label: "Name", hint: "Whose it is, or what for.",
                        isRequired: true),
                    .choice(
                        "role", "Role",
                        among: AccessToken.Role.allCases.map { ($0.rawValue, $0.rawValue) },
                        chosen: AccessToken.Role.viewer.rawValue),
                    FormView.Field(
                        name: "expires", label: "Holds for",
                        hint: "Such as 90m or 720h; for ever where it is empty."),
                ]))
    }
}

/// A token's secret, the one time that it is shown: `secret.mustache`.
struct SecretView: Sendable {
    let name: String
    let role: String
    let secret: String
}
