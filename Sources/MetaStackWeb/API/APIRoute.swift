import HTTPTypes
import Hummingbird
import MetaStackModel

/// One thing that the API can be asked for: what registers it, guards it and describes it.
///
/// The router, the check of tokens, the OpenAPI document and the tests all read the same table, so
/// that none of them knows a route that another does not.
struct APIRoute: Sendable {
    typealias Answer = @Sendable (Request, WebContext) async throws -> Response

    /// A value in the path, the query or a header.
    struct Parameter: Sendable {
        enum Place: String, Sendable { case path, query, header }

        let name: String
        let place: Place
        let summary: String
        var schema: JSONValue = .object(["type": .string("string")])
        var isRequired: Bool { place == .path }
    }

    let method: HTTPRequest.Method
    /// With parts in braces, such as `/api/v1/vms/{vm}`.
    let path: String
    /// Who may; nil for everybody.
    let role: AccessToken.Role?
    /// Unique, for programs that make clients.
    let id: String
    let tag: String
    let summary: String
    var parameters: [Parameter] = []
    /// The body's schema by media type; empty where there is none.
    var body: [(type: String, schema: JSONValue)] = []
    /// What may come of it besides the problems that every route has.
    let answers: [APIAnswer]
    /// Tells a refusal in another way than as a problem: pages do.
    var refused: (@Sendable (Problem, Request, WebContext) -> Response)?
    let respond: Answer

    /// The parameters in the path are those of its braces.
    static func pathParameters(_ path: String, _ summary: String) -> [Parameter] {
        path.split(separator: "/").compactMap { part in
            guard part.hasPrefix("{"), part.hasSuffix("}") else { return nil }
            return Parameter(
                name: String(part.dropFirst().dropLast()), place: .path, summary: summary,
                schema: .object(["type": .string("string"), "minLength": .integer(1)]))
        }
    }
}

/// One status that a route answers with.
struct APIAnswer: Sendable {
    let status: Int
    let summary: String
    /// The schema by media type; empty where there is no body.
    var content: [(type: String, schema: JSONValue)] = []

    static func json(_ status: Int, _ summary: String, _ schema: JSONValue) -> Self {
        APIAnswer(
            status: status, summary: summary,
            content: [
                ("application/json", schema), ("application/msgpack", .object([:])),
                ("text/html", .object([:])),
            ])
    }

    static func problem(_ status: Int, _ summary: String) -> Self {
        APIAnswer(
            status: status, summary: summary,
            content: [("application/problem+json", OpenAPI.reference("Problem"))])
    }
}
