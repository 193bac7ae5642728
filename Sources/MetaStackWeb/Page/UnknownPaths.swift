import HTTPTypes
import Hummingbird

/// A page for people who came to a path that leads nowhere; programs get a problem as ever.
struct UnknownPaths: RouterMiddleware {
    typealias Context = WebContext
    let pages: Pages

    func handle(
        _ request: Request, context: WebContext,
        next: (Request, WebContext) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let error as HTTPError where error.status == .notFound {
            guard request.headers[.accept]?.contains("text/html") == true,
                !request.uri.path.hasPrefix("/api")
            else { throw error }
            let problem = Problem(.notFound, "there is no page at this address")
            return pages.refuse(problem, request, context)
        }
    }
}
