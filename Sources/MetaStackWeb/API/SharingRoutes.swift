import HTTPTypes
import Hummingbird
import MetaStackDecisions
import MetaStackManagement
import MetaStackModel

/// `/api/v1/rebalance`: moves by which hosts share load more evenly.
struct SharingRoutes {
    let service: WriteService

    var routes: [APIRoute] { [plan, order] }

    private static let path = "/api/v1/rebalance"

    private var plan: APIRoute {
        APIRoute(
            method: .get, path: Self.path, role: .viewer, id: "plan_rebalance", tag: "rebalance",
            summary: "Say which moves would share load more evenly, by the setting rebalance; "
                + "nothing is moved.",
            answers: [.json(200, "The moves, and what they gain.", OpenAPI.reference("Document"))]
        ) { request, _ in
            try .document(report(service.cluster()).document, for: request)
        }
    }

    private var order: APIRoute {
        APIRoute(
            method: .post, path: Self.path, role: .operate, id: "rebalance", tag: "rebalance",
            summary:
                "Ask for these moves. Where somebody else changes one of the VMs meanwhile, those "
                + "before it are asked for.",
            answers: [
                .json(
                    202, "They are asked for; the VMs say what comes of them.",
                    OpenAPI.reference("Document")),
                .problem(409, "Somebody else was faster."),
                .problem(422, "A VM cannot be asked for that now."),
            ]
        ) { request, context in
            let cluster = try service.cluster()
            let report = report(cluster)
            for step in report.plan.steps {
                let change = try step.change(
                    order: service.newID(), in: cluster, at: service.now())
                _ = try await service.commit(change, by: context.identity, from: context.remote)
            }
            return try .document(report.document, for: request, status: .accepted)
        }
    }

    private func report(_ cluster: Cluster) -> RebalanceReport {
        let policy = cluster.rebalancePolicy?.value ?? RebalancePolicy()
        return RebalanceReport(
            plan: Rebalance(of: cluster, by: policy, at: service.now()), cluster: cluster)
    }
}
