import HTTPTypes
import Hummingbird

/// Refuses methods that no resource knows (RFC 9110, 15.6.2): the router would say that there is nothing
/// under the path.
struct KnownMethods: RouterMiddleware {
    typealias Context = WebContext

    /// Those of which each path says whether it allows them. QUERY is a GET with a body
    /// (draft-ietf-httpbis-safe-method-w-body).
    static let all: [HTTPRequest.Method] =
        [.get, .head, .post, .put, .patch, .delete, .options, .trace]
        + [HTTPRequest.Method("QUERY")].compactMap(\.self)

    func handle(
        _ request: Request, context: WebContext,
        next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        guard Self.all.contains(request.method) else {
            return Problem(
                .notImplemented, "\(request.method.rawValue) is no method of this server"
            ).response
        }
        return try await next(request, context)
    }
}
