import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// `/api/v1/tokens`: who may use the API. For the role admin alone.
struct TokenRoutes {
    let service: WriteService

    var routes: [APIRoute] { [list, create, revoke, whoAmI] }

    private var list: APIRoute {
        APIRoute(
            method: .get, path: "/api/v1/tokens", role: .admin, id: "list_tokens", tag: "tokens",
            summary: "List the tokens; their secrets are nowhere.",
            answers: [.json(200, "Them.", OpenAPI.reference("List"))]
        ) { request, _ in
            let cluster = try service.cluster()
            return try .document(
                .object([
                    "kind": .string("tokens"), "revision": .integer(cluster.revision.number),
                    "items": .array(cluster.tokensByName.map(Self.document)),
                    "continue": .null,
                ]), for: request)
        }
    }

    private var create: APIRoute {
        APIRoute(
            method: .post, path: "/api/v1/tokens", role: .admin, id: "create_token",
            tag: "tokens", summary: "Make a token. Its secret is in the answer, and only there.",
            body: [("application/json", OpenAPI.reference("NewToken"))],
            answers: [
                .json(201, "It, with its secret.", OpenAPI.reference("Document")),
                .problem(400, "It cannot be read."),
                .problem(409, "There is one of that name."), .problem(413, "It is too large."),
                .problem(415, "The content type is none that is understood."),
                .problem(422, "A field cannot be used."),
            ]
        ) { request, context in
            let order = try TokenOrder(try await RequestBody.json(request), at: service.now())
            let made = try await service.make(order, by: context.identity, from: context.remote)
            var document = Self.document(made.secret.id, made.token)
            document = document.merged(
                with: .object(["secret": .string(made.secret.text)]))
            return try .document(document, for: request, status: .created)
        }
    }

    private var revoke: APIRoute {
        let path = "/api/v1/tokens/{token}"
        return APIRoute(
            method: .delete, path: path, role: .admin, id: "revoke_token", tag: "tokens",
            summary: "Revoke a token: it is refused from now on.",
            parameters: APIRoute.pathParameters(path, "the token's id or name"),
            answers: [
                APIAnswer(status: 204, summary: "It is gone."),
                .problem(404, "There is none of that name or id."),
                .problem(409, "Somebody else was faster."),
            ]
        ) { _, context in
            try await service.revokeToken(
                try context.part("token"), by: context.identity, from: context.remote)
            return Response(status: .noContent)
        }
    }

    private var whoAmI: APIRoute {
        APIRoute(
            method: .get, path: "/api/v1/whoami", role: .viewer, id: "who_am_i", tag: "tokens",
            summary: "Say whose token this is, and what it may do.",
            answers: [.json(200, "It.", OpenAPI.reference("Document"))]
        ) { request, context in
            let identity = context.identity
            return try .document(
                .object([
                    "token": JSONValue(identity?.token.text), "name": JSONValue(identity?.name),
                    "role": JSONValue(identity?.role.rawValue),
                ]), for: request)
        }
    }

    private static func document(_ id: TokenID, _ token: AccessToken) -> JSONValue {
        .object([
            "id": .string(id.text), "name": .string(token.name.text),
            "role": .string(token.role.rawValue),
            "created_at": JSONValue(token.createdAt?.description),
            "expires_at": JSONValue(token.expiresAt?.description),
            "last_used": JSONValue(token.lastUsed?.description),
        ])
    }
}
