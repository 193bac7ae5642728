import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// What all pages have in common: who looks, what they are shown, and how they are refused.
struct Pages: Sendable {
    let service: WriteService
    let authenticator: Authenticator
    let renderer: PageRenderer
    let history: EventHistory
    /// Whether the cookie may travel by TLS alone.
    let isEncrypted: Bool

    /// Every route of the page.
    var routes: [APIRoute] {
        AssetRoutes().routes + LoginRoutes(pages: self).routes
            + OverviewRoutes(pages: self).routes + VMRoutes(pages: self).routes
            + VMFormRoutes(pages: self).routes + HostRoutes(pages: self).routes
            + RebalanceRoutes(pages: self).routes + ImageRoutes(pages: self).routes
            + FlavourRoutes(pages: self).routes + NetworkRoutes(pages: self).routes
            + SecurityGroupRoutes(pages: self).routes + SSHKeyRoutes(pages: self).routes
            + PastRoutes(pages: self).routes
            + DoctorRoutes(pages: self).routes + SettingRoutes(pages: self).routes
            + TokenPageRoutes(pages: self).routes
    }

    /// A page that is looked at.
    func show(
        _ path: String, role: AccessToken.Role = .viewer, _ summary: String,
        _ page: @escaping @Sendable (Visit) async throws -> Page
    ) -> APIRoute {
        route(.get, path, role: role, summary) { request, context in
            let visit = try await visit(request, context)
            return respond(try await page(visit), to: visit)
        }
    }

    /// A form that is sent, for those who may write: what it comes to is looked at elsewhere, or the
    /// form is shown again.
    ///
    /// - Parameters:
    ///   - act: writes, and says where to look.
    ///   - again: the page with the form, what was typed in it, and why it was refused.
    func take(
        _ path: String, role: AccessToken.Role = .operate, _ summary: String,
        _ act: @escaping @Sendable (Visit) async throws -> String,
        orElse again: @escaping @Sendable (Visit, Problem) async throws -> Page
    ) -> APIRoute {
        answer(path, role: role, summary, { .elsewhere(try await act($0)) }, orElse: again)
    }

    /// The same for a form whose outcome is shown once, in the answer itself.
    func takeAndShow(
        _ path: String, role: AccessToken.Role, _ summary: String,
        _ act: @escaping @Sendable (Visit) async throws -> Page,
        orElse again: @escaping @Sendable (Visit, Problem) async throws -> Page
    ) -> APIRoute {
        answer(path, role: role, summary, { respond(try await act($0), to: $0) }, orElse: again)
    }

    private func answer(
        _ path: String, role: AccessToken.Role, _ summary: String,
        _ act: @escaping @Sendable (Visit) async throws -> Response,
        orElse again: @escaping @Sendable (Visit, Problem) async throws -> Page
    ) -> APIRoute {
        route(.post, path, role: role, summary) { request, context in
            let visit = try await visit(request, context, sent: true)
            do {
                return try await act(visit)
            } catch {
                let problem = Problem(error)
                // What no other words in the form would mend is no matter of the form.
                guard problem.status.kind == .clientError, problem.status != .notFound else {
                    throw error
                }
                // What was written before the refusal is in the page, too.
                var page = try await again(try visit.again(service.cluster()), problem)
                page.status = problem.status
                return respond(page, to: visit)
            }
        }
    }

    func route(
        _ method: HTTPRequest.Method, _ path: String, role: AccessToken.Role?, _ summary: String,
        _ respond: @escaping APIRoute.Answer
    ) -> APIRoute {
        APIRoute(
            method: method, path: path, role: role, id: "page \(method) \(path)", tag: "page",
            summary: summary, answers: [], refused: refuse, respond: respond)
    }

    private func visit(
        _ request: Request, _ context: WebContext, sent: Bool = false
    ) async throws -> Visit {
        guard let identity = context.identity else { throw Problem(.unauthorized, "log in") }
        let typed = sent ? try await form(request, of: identity) : [:]
        return Visit(
            request: request, context: context, identity: identity,
            cluster: try service.cluster(), now: service.now(), typed: typed)
    }

    /// A browser sends the cookie by itself, also for a form of another site. That one cannot know the
    /// proof.
    func form(_ request: Request, of identity: Identity) async throws -> [String: String] {
        let typed = try await RequestBody.form(request)
        guard
            TokenSecret.areEqual(typed[Authenticator.proofField] ?? "", identity.formProof)
        else {
            throw Problem(
                .forbidden, "the form does not come from this page: open it anew and try again")
        }
        return typed
    }

    private func respond(_ page: Page, to visit: Visit) -> Response {
        renderer.response(
            page, for: visit.identity, at: visit.request.uri.path,
            revision: visit.cluster.revision)
    }

    /// A page in place of a problem; whoever is not logged in is asked to.
    func refuse(
        _ problem: Problem, _ request: Request, _ context: WebContext
    ) -> Response {
        if problem.status == .unauthorized {
            let path = request.method == .get ? request.uri.string : "/"
            return .elsewhere(LoginRoutes.path(next: path))
        }
        let page = Page(
            title: problem.status.reasonPhrase, template: "error",
            content: ErrorView(
                heading: problem.status.reasonPhrase, detail: problem.sentence.printable),
            status: problem.status)
        var response = renderer.response(
            page, for: context.identity, at: request.uri.path,
            revision: service.mirror.cluster?.revision ?? Revision(0))
        for field in problem.headers { response.headers[field.name] = field.value }
        return response
    }

    /// Makes a change so, and tells in the log who asked for it.
    func commit(_ change: ResourceChange, by visit: Visit) async throws {
        _ = try await service.commit(
            change, by: visit.identity, from: visit.context.remote)
    }
}

struct ErrorView: Sendable {
    let heading: String
    let detail: String
}

extension Response {
    /// "Look there": after a form, so that reloading sends it no second time (RFC 9110, 15.4.4).
    static func elsewhere(_ path: String) -> Response {
        var headers = HTTPFields()
        headers[.location] = path
        return Response(status: .seeOther, headers: headers)
    }
}
