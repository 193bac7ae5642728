import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// What happened, and what is wrong.
struct InsightRoutes {
    let service: WriteService

    var routes: [APIRoute] { [past, doctor] }

    private var past: APIRoute {
        APIRoute(
            method: .get, path: "/api/v1/changes", role: .viewer, id: "list_changes",
            tag: "events",
            summary: "What happened, oldest first: from etcd's history since its last compaction, "
                + "and from what records note themselves. Times are there where a record has one.",
            parameters: [
                APIRoute.Parameter(
                    name: "vm", place: .query, summary: "only of this VM: a name or an id"),
                APIRoute.Parameter(
                    name: "host", place: .query, summary: "only where this host had a part"),
                APIRoute.Parameter(
                    name: "since", place: .query, summary: "a moment: nothing that is older",
                    schema: .object([
                        "type": .string("string"), "format": .string("date-time"),
                    ])),
            ],
            answers: [
                .json(200, "The events.", OpenAPI.reference("Changes")),
                .problem(400, "A parameter cannot be read, or is not clear."),
                .problem(404, "There is no such VM or host."),
            ]
        ) { request, context in
            let query = request.uri.queryParameters
            let since = try query["since"].map { text in
                guard let moment = Timestamp(String(text)) else {
                    throw Problem(.badRequest, "since is a moment like 2026-11-21T10:00:00Z")
                }
                return moment
            }
            let all = try await service.store.eventLog()
            let log = context.identity?.role == .admin ? all : all.withoutTokens
            let filter = try EventFilter(
                vm: query["vm"].map(String.init), host: query["host"].map(String.init),
                in: service.cluster(), and: log.events)
            let events = log.events(filter, since: since)
            return try .document(
                .object([
                    "kind": .string("changes"), "revision": .integer(log.revision.number),
                    "items": .array(events.map(\.document)),
                ]), for: request)
        }
    }

    private var doctor: APIRoute {
        APIRoute(
            method: .get, path: "/api/v1/doctor", role: .viewer, id: "examine", tag: "doctor",
            summary: "Look at everything that can be wrong: etcd, Ceph, hosts, VMs, records, "
                + "storage. Each finding has what mends it.",
            answers: [.json(200, "The checks.", OpenAPI.reference("Diagnosis"))]
        ) { request, context in
            let diagnosis = try await service.store.diagnosis(
                at: service.now(), seesTokens: context.identity?.role == .admin)
            return try .document(diagnosis.document, for: request)
        }
    }
}
