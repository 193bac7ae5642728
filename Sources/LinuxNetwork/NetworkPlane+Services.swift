import MetaStackModel

/// What answers the guests of a host's networks.
extension NetworkPlane {
    /// How many networks are worked at at a time: each takes a few programs.
    private static let atOnce = 4

    /// What the services of the networks that have some are to be.
    func services(_ plan: LinkPlan, _ wanted: HostNetworks) -> [ServicePlan] {
        plan.networks.values.filter(\.isServed).sorted { $0.id < $1.id }.map { network in
            ServicePlan(
                network, ports: wanted.ports.filter { $0.network == network.id },
                names: wanted.names[network.id] ?? [:], directory: settings.directory,
                limits: offer.hasRateLimits)
        }
    }

    /// Puts the rules of services into their namespaces, as far as that goes.
    func protect(_ plans: [ServicePlan]) async {
        await each(plans) { [services] plan async throws(NetworkPlaneError) in
            try await services.protect(plan)
        }
    }

    /// - Returns: why a network has no services, where it has none.
    func keep(_ plans: [ServicePlan]) async -> [NetworkID: String] {
        await each(plans) { [services] plan async throws(NetworkPlaneError) in
            try await services.keep(plan)
        }
    }

    /// Does something for several networks, some at a time.
    ///
    /// - Returns: what went wrong.
    @discardableResult
    private func each(
        _ plans: [ServicePlan],
        _ body: @escaping @Sendable (ServicePlan) async throws(NetworkPlaneError) -> Void
    ) async -> [NetworkID: String] {
        await withTaskGroup(of: (NetworkID, String?).self) { group in
            var problems: [NetworkID: String] = [:]
            for (index, plan) in plans.enumerated() {
                if index >= Self.atOnce, let (id, problem) = await group.next() {
                    problems[id] = problem
                }
                group.addTask {
                    do throws(NetworkPlaneError) {
                        try await body(plan)
                        return (plan.id, nil)
                    } catch {
                        return (plan.id, error.message)
                    }
                }
            }
            for await (id, problem) in group { problems[id] = problem }
            return problems
        }
    }
}
