import Foundation
import HTTPTypes
import Hummingbird
import MetaStackDecisions
import MetaStackManagement
import MetaStackModel

/// `/rebalance`: which VMs would be moved to share load, and the order to do it.
struct RebalanceRoutes {
    let pages: Pages

    var routes: [APIRoute] { [plan, order] }

    private var plan: APIRoute {
        pages.show("/rebalance", "What would be moved to share load.") { visit in
            Self.page(RebalanceView(RebalanceQuery(visit.query), visit))
        }
    }

    /// What has been shown is what is done: another plan is shown first, and asked for anew.
    private var order: APIRoute {
        pages.take("/rebalance", "Ask for the moves that were shown.") { visit in
            let query = RebalanceQuery(visit.typed)
            let plan = Rebalance(
                of: visit.cluster, by: try query.policy(in: visit.cluster), at: visit.now)
            guard !plan.steps.isEmpty, visit.typed["plan"] == plan.digest else {
                throw Problem(
                    .conflict, "the plan has become another one meanwhile: this is what holds now")
            }
            for step in plan.steps {
                let change = try step.change(
                    order: pages.service.newID(), in: visit.cluster, at: visit.now)
                try await pages.commit(change, by: visit)
            }
            return "/events"
        } orElse: { visit, problem in
            var view = RebalanceView(RebalanceQuery(visit.typed), visit)
            view.alert = problem.sentence.printable
            return Self.page(view)
        }
    }

    private static func page(_ view: RebalanceView) -> Page {
        Page(
            title: "Share the load", template: "rebalance", content: view,
            kinds: [.vm, .host, .flavour, .config])
    }
}

/// By what a plan is made: the fields of the page's address, and of the form that orders it.
struct RebalanceQuery: Sendable, Equatable {
    /// Of the policy's, those that one look needs.
    static let names = ["threshold_percent", "cool_down_s", "at_most"]

    private let typed: [String: String]

    init(_ fields: [String: String]) {
        typed = fields.filter { Self.names.contains($0.key) && !$0.value.trimmed.isEmpty }
    }

    private static var fields: [ResourceField] {
        KnownSetting.rebalance.fields.filter { names.contains($0.name) }
    }

    /// The deployment's policy with what was typed in its place.
    ///
    /// - Throws: `Problem` with the field that is to blame.
    func policy(in cluster: Cluster) throws -> RebalancePolicy {
        let stored = try JSONValue(cluster.rebalancePolicy?.value ?? RebalancePolicy())
        let wanted = stored.merged(with: try Self.fields.patch(typed))
        do throws(FieldProblem) {
            let record = try ResourceKind.config.record(
                wanted, id: KnownSetting.rebalance.rawValue)
            return record as? RebalancePolicy ?? RebalancePolicy()
        } catch {
            throw Problem.field(error.path, error.problem)
        }
    }

    /// The form's fields, filled in.
    func fields(_ policy: RebalancePolicy, _ problem: Problem?) -> [FormView.Field] {
        var values: [String: JSONValue] = [:]
        // What was read can be written.
        if case .object(let stored)? = try? JSONValue(policy) { values = stored }
        return Self.fields.map { field in
            let text = typed[field.name].map { JSONValue.string($0) }
            var field = field.typed(text ?? values[field.name])
            field.problem = problem?.errors.first { $0.path == field.name }?.problem
            return field
        }
    }

    var hidden: [FormView.Hidden] {
        typed.sorted { $0.key < $1.key }.map { FormView.Hidden(name: $0.key, value: $0.value) }
    }
}

extension Rebalance {
    /// Tells one plan from another.
    var digest: String {
        steps.map { "\($0.vm.text) \($0.from.text) \($0.to.text)" }.joined(separator: "\n").digest
    }
}
