import HTTPTypes
import Hummingbird
import MetaStackManagement
import MetaStackModel

/// What is asked of a VM in one word, and why it is where it is.
struct ActionRoutes {
    let service: WriteService

    var routes: [APIRoute] { [start, stop, move, explain, takeover] }

    private var start: APIRoute {
        action("start", "Start it; one whose guest has ended is tried again.") { _, _ in .start }
    }

    private var stop: APIRoute {
        action("stop", "Shut it down.") { _, _ in .stop }
    }

    private var move: APIRoute {
        var route = action(
            "move", "Move it to another host: to the best, or to the one that is named."
        ) { json, cluster in
            guard case .object(let fields) = json else {
                throw Problem(.badRequest, "a move is an object, such as {\"to\": \"host2\"}")
            }
            if let other = fields.keys.sorted().first(where: { !["to", "offline"].contains($0) }) {
                throw Problem(
                    .unprocessableContent, "there is no field \(other.quotedForPeople) in a move",
                    errors: [FieldProblem(path: other, problem: "it is none of a move's")])
            }
            var target: HostID?
            switch fields["to"] ?? .null {
            case .null: break
            case .string(let text): target = HostID(unchecked: try cluster.find(.host, text))
            default: throw Self.wrong("to", "it must be a host's name")
            }
            switch fields["offline"] ?? .bool(false) {
            case .bool(let offline):
                return .move(to: target, offline: offline, order: service.newID())
            default: throw Self.wrong("offline", "it must be true or false")
            }
        }
        route.body = [("application/json", OpenAPI.reference("Move"))]
        return route
    }

    private static func wrong(_ field: String, _ problem: String) -> Problem {
        Problem(
            .unprocessableContent, "\(field): \(problem)",
            errors: [FieldProblem(path: field, problem: problem)])
    }

    private func action(
        _ verb: String, _ summary: String,
        _ read: @escaping @Sendable (JSONValue, Cluster) throws -> VMAction
    ) -> APIRoute {
        let path = "/api/v1/vms/{vm}/\(verb)"
        return APIRoute(
            method: .post, path: path, role: .operate, id: "\(verb)_vm", tag: "vms",
            summary: summary, parameters: APIRoute.pathParameters(path, Self.meaning),
            answers: [
                .json(202, "The wish is stored.", OpenAPI.reference("Accepted")),
                .problem(400, "It cannot be read."), .problem(404, "There is no such VM."),
                .problem(409, "Somebody else was faster."), .problem(413, "It is too large."),
                .problem(415, "The content type is none that is understood."),
                .problem(422, "It cannot be asked for that now."),
            ]
        ) { request, context in
            let json = verb == "move" ? try await RequestBody.json(request) : .null
            let cluster = try service.cluster()
            let id = try self.id(context, in: cluster)
            let change = try read(json, cluster).change(of: id, in: cluster, at: service.now())
            let revision = try await service.commit(
                change, by: context.identity, from: context.remote)
            return try .accepted(change, at: revision, for: request)
        }
    }

    private var explain: APIRoute {
        let path = "/api/v1/vms/{vm}/explain"
        return APIRoute(
            method: .get, path: path, role: .viewer, id: "explain_vm", tag: "vms",
            summary: "Say why it is where it is, or nowhere, host by host.",
            parameters: APIRoute.pathParameters(path, Self.meaning) + [
                APIRoute.Parameter(
                    name: "lost", place: .query,
                    summary: "as if these hosts were gone, between commas"),
                APIRoute.Parameter(
                    name: "flavour", place: .query, summary: "as if it had this flavour"),
            ],
            answers: [
                .json(200, "Each host, the best first.", OpenAPI.reference("Document")),
                .problem(404, "There is no such VM, host or flavour."),
                .problem(400, "A parameter cannot be read."), .problem(409, "A name is not clear."),
                .problem(422, "Its record cannot be read, or is gone."),
            ]
        ) { request, context in
            let cluster = try service.cluster()
            let id = try self.id(context, in: cluster)
            let query = request.uri.queryParameters
            let lost = (query["lost"] ?? "").split(separator: ",").map(String.init)
            let question = try Explanation.Question(
                lost: lost, flavour: query["flavour"].map(String.init), in: cluster)
            let explanation = try Explanation(id, question, in: cluster)
            return try .document(explanation.document, for: request)
        }
    }

    private var takeover: APIRoute {
        APIRoute(
            method: .get, path: "/api/v1/takeover", role: .viewer, id: "get_takeover",
            tag: "takeover",
            summary: "Whether VMs are taken over, who holds that back, and which VMs wait. "
                + "The switch itself is the setting takeover.",
            answers: [.json(200, "The state of it.", OpenAPI.reference("Document"))]
        ) { request, _ in
            try .document(try TakeoverStatus(service.cluster()).document(), for: request)
        }
    }

    private static let meaning = "the VM's id, or its name where no other has it"

    private func id(_ context: WebContext, in cluster: Cluster) throws -> VMID {
        try cluster.vm(called: try context.part("vm"))
    }
}

extension Cluster {
    /// - Throws: `Problem` (404) for the beginning of an id, too: who means one VM must not hit another.
    func vm(called text: String) throws -> VMID {
        let id = VMID(unchecked: try find(.vm, text))
        guard id.text == text || VMOverview(id, in: self).name == text else {
            throw Problem(.notFound, "there is no vm \(text.quotedForPeople)")
        }
        return id
    }
}
