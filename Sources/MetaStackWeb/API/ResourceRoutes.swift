import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// `/api/v1/<plural>`: the things of one kind, read and written.
struct ResourceRoutes {
    let kind: ResourceKind
    let service: WriteService

    private var collection: String { "/api/v1/\(kind.plural)" }
    private var single: String { "\(collection)/{\(kind.word)}" }
    private var schema: String { OpenAPI.schemaName(kind) }

    var routes: [APIRoute] {
        let reading = [list, get]
        return kind.isWritable ? reading + [create, replace, patch, delete] : reading
    }

    // MARK: Reading

    private var list: APIRoute {
        APIRoute(
            method: .get, path: collection, role: .viewer, id: "list_\(kind.plural)",
            tag: kind.plural, summary: "List \(kind.plural).", parameters: ListQuery.parameters,
            answers: [
                .json(200, "A page of them.", OpenAPI.reference("List")),
                .problem(400, "A parameter cannot be read."),
            ]
        ) { request, _ in
            try .document(
                try ListQuery(request).page(kind, in: service.cluster()), for: request)
        }
    }

    private var get: APIRoute {
        APIRoute(
            method: .get, path: single, role: .viewer, id: "get_\(kind.word)", tag: kind.plural,
            summary: "Show one of the \(kind.plural): what is wanted of it and what is so.",
            parameters: parameters,
            answers: [
                .json(200, "It.", OpenAPI.reference("Document")),
                .problem(404, "There is none of that name or id."),
            ]
        ) { request, context in
            let cluster = try service.cluster()
            let id = try self.id(context, in: cluster)
            guard let resource = try cluster.resource(kind, id) else { throw notFound(id) }
            return try .document(
                try resource.document, for: request, headers: Self.tag(resource.revision))
        }
    }

    // MARK: Writing

    private var create: APIRoute {
        APIRoute(
            method: .post, path: collection, role: .operate, id: "create_\(kind.word)",
            tag: kind.plural, summary: "Ask for a new one.",
            parameters: named ? [idParameter] : [],
            body: [("application/json", OpenAPI.reference(schema))], answers: writing
        ) { request, context in
            let json = try await RequestBody.json(request)
            let cluster = try service.cluster()
            let id = try named ? Self.idInQuery(request) : service.newID()
            let change = try ResourceChange.create(
                kind, id: id, json, in: cluster, at: service.now())
            return try await commit(change, request, context)
        }
    }

    private var replace: APIRoute {
        APIRoute(
            method: .put, path: single, role: .operate, id: "replace_\(kind.word)",
            tag: kind.plural,
            summary: "Say anew all that is wanted of it. Where there is none, it is asked for "
                + "under this id.",
            parameters: parameters + [ifMatch],
            body: [("application/json", OpenAPI.reference(schema))], answers: writing
        ) { request, context in
            let json = try await RequestBody.json(request)
            let cluster = try service.cluster()
            let id = try self.id(context, in: cluster, orNew: true)
            let expected = try Self.expected(request, cluster.desiredRecord(kind, id)?.revision)
            let change = try ResourceChange.replace(
                kind, id: id, json, expecting: expected, in: cluster, at: service.now())
            return try await commit(change, request, context)
        }
    }

    private var patch: APIRoute {
        APIRoute(
            method: .patch, path: single, role: .operate, id: "patch_\(kind.word)",
            tag: kind.plural,
            summary: "Change some of what is wanted of it, by JSON Merge Patch (RFC 7396).",
            parameters: parameters + [ifMatch],
            body: [
                ("application/merge-patch+json", .object(["type": .string("object")])),
                ("application/json", .object(["type": .string("object")])),
            ], answers: writing
        ) { request, context in
            let json = try await RequestBody.json(
                request, types: ["application/merge-patch+json", "application/json"])
            let cluster = try service.cluster()
            let id = try self.id(context, in: cluster)
            let expected = try Self.expected(request, cluster.desiredRecord(kind, id)?.revision)
            let change = try ResourceChange.patch(
                kind, id: id, json, expecting: expected, in: cluster, at: service.now())
            return try await commit(change, request, context)
        }
    }

    private var delete: APIRoute {
        APIRoute(
            method: .delete, path: single, role: .operate, id: "delete_\(kind.word)",
            tag: kind.plural, summary: "Want it no more; nodes remove what it has.",
            parameters: parameters + [ifMatch], answers: writing
        ) { request, context in
            let cluster = try service.cluster()
            let id = try self.id(context, in: cluster)
            let expected = try Self.expected(request, cluster.desiredRecord(kind, id)?.revision)
            let change = try ResourceChange.delete(
                kind, id: id, expecting: expected, in: cluster)
            return try await commit(change, request, context)
        }
    }

    private func commit(
        _ change: ResourceChange, _ request: Request, _ context: WebContext
    ) async throws -> Response {
        let revision = try await service.commit(
            change, by: context.identity, from: context.remote)
        return try .accepted(change, at: revision, for: request)
    }

    // MARK: What is said in paths and headers

    private var named: Bool { kind.isNamedByID }

    private var idParameter: APIRoute.Parameter {
        APIRoute.Parameter(
            name: "id", place: .query, summary: "the \(kind.word)'s name",
            schema: .object(["type": .string("string"), "minLength": .integer(1)]))
    }

    private static func idInQuery(_ request: Request) throws -> String {
        guard let id = request.uri.queryParameters["id"], !id.isEmpty else {
            throw Problem(.badRequest, "name it by the parameter id")
        }
        return String(id)
    }

    private var parameters: [APIRoute.Parameter] {
        APIRoute.pathParameters(single, "the \(kind.word)'s id, or its name where no other has it")
    }

    private var ifMatch: APIRoute.Parameter {
        APIRoute.Parameter(
            name: "If-Match", place: .header,
            summary: "the ETag of what was read: refused with 412 where it has changed since")
    }

    private var writing: [APIAnswer] {
        [
            .json(
                202, "The wish is stored; Location says where to see what comes of it.",
                OpenAPI.reference("Accepted")),
            .problem(400, "It cannot be read."),
            .problem(404, "There is none of that name or id."),
            .problem(409, "Somebody else was faster, the name is taken, or it is in use."),
            .problem(412, "It has changed since it was read."),
            .problem(413, "It is larger than \(RequestBody.limitText)."),
            .problem(415, "The content type is none that is understood."),
            .problem(422, "A field cannot be used; errors names it."),
        ]
    }

    /// An id, or a name that only one has. A beginning is not enough: a program that means one
    /// thing must not hit another that is named like it.
    private func id(
        _ context: WebContext, in cluster: Cluster, orNew: Bool = false
    ) throws -> String {
        let text = try context.part(kind.word)
        let id: String
        do throws(CommandFailure) {
            id = try cluster.find(kind, text)
        } catch {
            if kind.isWritable, orNew || kind == .config { return text }
            throw Problem(error)
        }
        guard try id == text || cluster.resource(kind, id)?.name == text else {
            if orNew { return text }
            throw notFound(text)
        }
        return id
    }

    private func notFound(_ text: String) -> Problem {
        Problem(.notFound, "there is no \(kind.word) \(text.quotedForPeople)")
    }

    private static func tag(_ revision: Revision?) -> HTTPFields {
        var headers = HTTPFields()
        if let revision { headers[.eTag] = "\"\(revision)\"" }
        return headers
    }

    /// The revision that the writer has seen; nil where they do not say.
    private static func expected(_ request: Request, _ found: Revision?) throws -> Revision? {
        guard let header = request.headers[.ifMatch] else { return nil }
        let tags = header.split(separator: ",").map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        guard let found, tags.contains("\"\(found)\"") || tags == ["*"] else {
            throw Problem(
                .preconditionFailed,
                "it has changed since it was read"
                    + (found.map { ", its ETag is \"\($0)\" now" } ?? ": there is none now"))
        }
        return found
    }
}

extension Response {
    /// `202`: the wish is stored, and nodes make it so.
    static func accepted(
        _ change: ResourceChange, at revision: Revision, for request: Request
    ) throws -> Response {
        var headers = HTTPFields()
        let location = "/api/v1/\(change.kind.plural)/\(change.id.pathSegment)"
        headers[.location] = location
        if change.after != nil { headers[.eTag] = "\"\(revision)\"" }
        return try .document(
            .object([
                "kind": .string(change.kind.word), "id": .string(change.id),
                "name": .string(change.name), "revision": .integer(revision.number),
                "location": .string(location), "record": change.after ?? .null,
            ]), for: request, status: .accepted, headers: headers)
    }
}
