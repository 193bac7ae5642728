import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// In and out: the token that somebody types becomes a cookie that no script can read.
struct LoginRoutes {
    let pages: Pages

    var routes: [APIRoute] { [ask, enter, leave] }

    private var ask: APIRoute {
        pages.route(.get, "/login", role: nil, "Ask for a token.") { request, _ in
            let query = RequestBody.fields(of: request.uri.query ?? "")
            var response = respond(form(next: query["next"]), .ok)
            // One that is refused would be sent, and counted, with every further page.
            if Authenticator.cookie(in: request) != nil {
                response.headers[.setCookie] = cookie("", "; Max-Age=0")
            }
            return response
        }
    }

    private var enter: APIRoute {
        pages.route(.post, "/login", role: nil, "Log in.") { request, context in
            let typed = try await RequestBody.form(request)
            try Self.requireOwnPage(request)
            let secret = (typed["token"] ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
            do {
                _ = try pages.authenticator.login(secret, context)
            } catch {
                let problem = Problem(error)
                let named = Problem(
                    problem.status, problem.detail,
                    errors: [FieldProblem(path: "token", problem: problem.sentence)])
                return respond(
                    form(next: typed["next"]).refused(named, typed: typed), problem.status)
            }
            var response = Response.elsewhere(Self.ownPath(typed["next"]))
            response.headers[.setCookie] = cookie(secret)
            return response
        }
    }

    private var leave: APIRoute {
        pages.route(.post, "/logout", role: .viewer, "Log out.") { request, context in
            guard let identity = context.identity else { return .elsewhere("/login") }
            _ = try await pages.form(request, of: identity)
            var response = Response.elsewhere("/login")
            response.headers[.setCookie] = cookie("", "; Max-Age=0")
            return response
        }
    }

    private func form(next: String?) -> FormView {
        FormView(
            "login", action: "/login", submit: "Log in", proof: nil,
            fields: [
                FormView.Field(
                    name: "token", label: "Token", type: "password",
                    autocomplete: "current-password", isRequired: true)
            ], hidden: [FormView.Hidden(name: "next", value: Self.ownPath(next))])
    }

    private func respond(_ form: FormView, _ status: HTTPResponse.Status) -> Response {
        pages.renderer.response(
            Page(
                title: "Log in", template: "login", content: LoginView(form: form), status: status),
            for: nil, at: "/login", revision: Revision(0))
    }

    /// There is no proof before the login; browsers say where a form comes from.
    private static func requireOwnPage(_ request: Request) throws {
        guard let name = HTTPField.Name("Sec-Fetch-Site"), let site = request.headers[name] else {
            return
        }
        guard ["same-origin", "none"].contains(site) else {
            throw Problem(.forbidden, "the form does not come from this page")
        }
    }

    private func cookie(_ value: String, _ more: String = "") -> String {
        Self.cookie(value, isEncrypted: pages.isEncrypted) + more
    }

    /// RFC 6265, 4.1.
    static func cookie(_ value: String, isEncrypted: Bool) -> String {
        "\(Authenticator.cookie)=\(value); Path=/; HttpOnly; SameSite=Strict"
            + (isEncrypted ? "; Secure" : "")
    }

    /// Where to log in, and to go on from there.
    static func path(next: String) -> String {
        next == "/" ? "/login" : "/login?next=\(ownPath(next).pathSegment)"
    }

    /// A path of this server; `/` for everything that leads elsewhere (`//host`, `/\host`, `https:…`).
    static func ownPath(_ text: String?) -> String {
        guard let text, text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"),
            text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else { return "/" }
        return text
    }
}

struct LoginView: Sendable {
    let form: FormView
}
