import Foundation
import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import NIOCore

/// The records themselves, for `metastack --server`: read, followed, and written in transactions.
struct RecordRoutes {
    let service: WriteService
    let streams: StreamCount

    var routes: [APIRoute] { [list, follow, transact] }

    private var list: APIRoute {
        APIRoute(
            method: .get, path: "/api/v1/records", role: .viewer, id: "list_records",
            tag: "records", summary: "All records as they stand in etcd, at one revision.",
            answers: [
                APIAnswer(
                    status: 200, summary: "Them.",
                    content: [("application/json", OpenAPI.reference("Records"))])
            ]
        ) { _, context in
            let listing = try await service.store.records()
            let records = Wire.Records(
                revision: listing.revision,
                records: listing.records.filter { Self.mayRead($0.path, context) })
            return .json(try JSONEncoder().encode(records))
        }
    }

    private var follow: APIRoute {
        APIRoute(
            method: .get, path: "/api/v1/records/changes", role: .viewer, id: "follow_records",
            tag: "records", summary: "What changes after a revision, as server-sent events.",
            parameters: [
                APIRoute.Parameter(
                    name: "after", place: .query, summary: "the revision that is known",
                    schema: .object(["type": .string("integer"), "minimum": .integer(0)]))
            ],
            answers: [
                APIAnswer(
                    status: 200, summary: "The stream.",
                    content: [("text/event-stream", .object(["type": .string("string")]))]),
                .problem(400, "The revision cannot be read."),
            ]
        ) { request, context in
            let text = request.uri.queryParameters["after"].map(String.init) ?? "0"
            guard let after = Int64(text), after >= 0 else {
                throw Problem(.badRequest, "after is a revision of etcd's")
            }
            let changes = service.store.changes(after: Revision(after))
            return .events(counted: streams) { writer in
                try await writer.write(ByteBuffer(string: ": hello\n\n"))
                for try await change in changes {
                    let text = try Self.event(change, context)
                    try await writer.write(ByteBuffer(string: text))
                }
            }
        }
    }

    private static func event(_ change: ClusterChange, _ context: WebContext) throws -> String {
        switch change {
        case .reloaded: return "event: reload\ndata: {}\n\n"
        case .records(let raw, let revision):
            let records = Wire.Records(
                revision: revision, records: raw.filter { mayRead($0.path, context) })
            let json = String(decoding: try JSONEncoder().encode(records), as: UTF8.self)
            return "id: \(revision)\nevent: records\ndata: \(json)\n\n"
        }
    }

    /// Tokens are for those who make them.
    private static func mayRead(_ path: String, _ context: WebContext) -> Bool {
        guard path.hasPrefix(RecordKey.Folder.tokens.rawValue + "/") else { return true }
        return context.identity?.role == .admin
    }

    private var transact: APIRoute {
        APIRoute(
            method: .post, path: "/api/v1/transactions", role: .operate, id: "transact",
            tag: "records",
            summary: "Write desired records, all of them or none, where conditions hold.",
            body: [("application/json", OpenAPI.reference("Transaction"))],
            answers: [
                APIAnswer(
                    status: 200, summary: "Whether it happened.",
                    content: [("application/json", OpenAPI.reference("Outcome"))]),
                .problem(400, "It cannot be read."),
                .problem(413, "It is too large."),
                .problem(415, "The content type is none that is understood."),
                .problem(422, "A record in it cannot be used."),
            ]
        ) { request, context in
            let transaction = try await Self.transaction(request)
            // What stands there now is the record before, wherever the conditions say so.
            let before = try service.cluster()
            let writes = try transaction.writes.map {
                noted(try Self.write($0, context), before, context)
            }
            let result = try await service.store.write(
                writes, if: try transaction.recordConditions())
            if case .written(let revision) = result {
                for write in writes { audit(write, before, revision, context) }
                await service.mirror.reach(revision)
            }
            return .json(try JSONEncoder().encode(Wire.Outcome(result)))
        }
    }

    private static func transaction(_ request: Request) async throws -> Wire.Transaction {
        let json = try await RequestBody.json(request)
        do {
            return try JSONDecoder().decode(
                Wire.Transaction.self, from: try JSONEncoder().encode(json))
        } catch {
            throw Problem(.badRequest, "the body is no transaction: conditions and writes")
        }
    }

    /// - Throws: `Problem`: 403 for what is not this token's to write, 422 for a record that no
    ///   node could read.
    private static func write(
        _ write: Wire.Write, _ context: WebContext
    ) throws -> RecordWrite {
        guard let key = try key(write.path) else {
            throw Problem(
                .unprocessableContent, "there is no record \(write.path.quotedForPeople)",
                errors: [FieldProblem(path: "writes.path", problem: "it is no record's")])
        }
        guard let needed = key.folder.writer, let role = context.identity?.role, role >= needed
        else {
            throw Problem(
                .forbidden,
                key.folder.writer == nil
                    ? "\(key.path) is written by nodes alone"
                    : "\(key.path) is for tokens of the role admin")
        }
        guard let json = write.record else { return .delete(key) }
        do throws(FieldProblem) {
            return .put(key, try record(key, json))
        } catch {
            throw Problem(
                .unprocessableContent, "\(key.path): \(error.problem)", errors: [error])
        }
    }

    private static func key(_ path: String) throws -> RecordKey? {
        do throws(MalformedRecord) {
            return try RecordKey(path: path)
        } catch {
            throw Problem(
                .unprocessableContent, error.description,
                errors: [FieldProblem(path: "writes.path", problem: error.problem)])
        }
    }

    private static func record(
        _ key: RecordKey, _ json: JSONValue
    ) throws(FieldProblem) -> any MetaStackModel.Record {
        if key.folder == .tokens { return try AccessToken(proposed: data(json)) }
        guard let kind = key.folder.kind else {
            throw FieldProblem(path: "writes.path", problem: "it is written by nodes alone")
        }
        return try kind.record(json, id: key.components[1])
    }

    private static func data(_ json: JSONValue) throws(FieldProblem) -> Data {
        do {
            return try JSONEncoder().encode(json)
        } catch {
            throw FieldProblem(path: "", problem: "it cannot be written as JSON")
        }
    }

    /// Since when a host is in maintenance, and by whom, is the server's to say.
    private func noted(
        _ write: RecordWrite, _ before: Cluster, _ context: WebContext
    ) -> RecordWrite {
        guard case .put(.desiredHost(let id), let record as DesiredHost, lease: _) = write else {
            return write
        }
        let known = before.desiredHosts[id]?.value
        return .put(
            .desiredHost(id),
            record.noted(after: known, at: service.now(), by: context.identity?.name))
    }

    private func audit(
        _ write: RecordWrite, _ before: Cluster, _ revision: Revision, _ context: WebContext
    ) {
        let (action, key, after): (String, RecordKey, (any MetaStackModel.Record)?)
        switch write {
        case .put(let written, let record, lease: _):
            (action, key, after) = ("put", written, record)
        case .delete(let deleted): (action, key, after) = ("delete", deleted, nil)
        case .deleteDeclines: return
        }
        var known = key.folder.kind.flatMap { before.desiredRecord($0, key.components[1])?.record }
        // What was read as JSON can be written as JSON.
        var shown = after.flatMap { try? JSONValue($0) }
        if case .token(let id) = key {
            known = before.tokens[id]?.value.audited
            shown = (after as? AccessToken)?.audited
        }
        service.note(
            action, key.path, by: context.identity, from: context.remote, revision: revision,
            before: known, after: shown)
    }
}

extension Response {
    static func json(_ data: Data, status: HTTPResponse.Status = .ok) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "application/json"
        return Response(
            status: status, headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: data)))
    }
}
