import HTTPTypes
import Hummingbird
import Logging
import MetaStackModel

/// Puts the table's routes into the router: each behind its check of who asks, and every other
/// method of a path as one that is not allowed.
struct RouteRegistration {
    let authenticator: Authenticator
    let logger: Logger

    func register(_ routes: [APIRoute], on router: Router<WebContext>) {
        for route in routes {
            router.on(RouterPath(route.path), method: route.method) { request, context in
                await respond(to: request, context, route)
            }
        }
        for (path, group) in Dictionary(grouping: routes, by: \.path) {
            let allowed = group.map(\.method)
            for method in KnownMethods.all where !allowed.contains(method) {
                router.on(RouterPath(path), method: method) { _, _ in
                    var problem = Problem(
                        .methodNotAllowed, "\(method.rawValue) is not for \(path)")
                    problem.headers[.allow] = allowed.map(\.rawValue).sorted()
                        .joined(separator: ", ")
                    return problem.response
                }
            }
        }
    }

    private func respond(
        to request: Request, _ context: WebContext, _ route: APIRoute
    ) async -> Response {
        var context = context
        do {
            if let role = route.role {
                context.identity = try authenticator.require(role, request, context)
                try Self.requireProof(request, context)
            }
            return try await route.respond(request, context)
        } catch {
            let problem = Problem(error)
            if problem.status == .internalServerError {
                logger.error(
                    "a request failed",
                    metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            }
            return route.refused?(problem, request, context) ?? problem.response
        }
    }

    /// A browser sends the cookie by itself, also for a form of another site. What changes something
    /// has to say what only the page knows.
    private static func requireProof(_ request: Request, _ context: WebContext) throws {
        guard let identity = context.identity, identity.isByCookie,
            ![HTTPRequest.Method.get, .head].contains(request.method)
        else { return }
        // A form of the page has it in a field, which its route looks at.
        if request.uri.path.hasPrefix("/api/") {
            guard let name = Authenticator.proofHeader,
                request.headers[name] == identity.formProof
            else { throw Problem(.forbidden, "the request does not come from this page") }
        }
    }
}
