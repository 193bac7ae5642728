import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// What must be so once faults have stopped and all had time to settle (I4, I5).
extension SimulatedFleet {
    /// What is not as it should be; empty where the fleet is at rest.
    func unsettled() -> [String] {
        let cluster = cluster
        let placement = Placement(cluster)
        var problems: [String] = []
        for node in nodes where cluster.hosts[node.host.id] == nil {
            problems.append("\(node.host.id) has no session")
        }
        for (vm, wanted) in cluster.desiredVMs.sorted(by: { $0.key < $1.key }) {
            if let problem = problem(vm, wanted, cluster, placement) {
                problems.append("vm \(vm) \(problem)")
            }
        }
        problems += strays(cluster)
        problems += leftovers(cluster)
        problems += cluster.arrivals.keys.sorted().map { "an answer to vm \($0)'s move is left" }
        return problems
    }

    private func problem(
        _ vm: VMID, _ wanted: Stored<DesiredVM>, _ cluster: Cluster, _ placement: Placement
    ) -> String? {
        let domains = nodes.compactMap { $0.host.domains[vm] }
        let claim = cluster.actualVMs[vm]
        guard domains.count <= 1 else { return "has \(domains.count) domains" }
        switch wanted.value.state {
        case .stop:
            if claim != nil { return "is to be stopped and has a claim" }
            return domains.isEmpty ? nil : "is to be stopped and has a domain"
        case .start:
            return claim == nil
                ? problemUnclaimed(vm, wanted, cluster, placement, domains)
                : problemClaimed(vm, claim, wanted, domains, cluster)
        }
    }

    private func problemClaimed(
        _ vm: VMID, _ claim: Stored<ActualVM>?, _ wanted: Stored<DesiredVM>,
        _ domains: [SimulatedDomain], _ cluster: Cluster
    ) -> String? {
        guard let claim else { return nil }
        if claim.value.move != nil { return "moves and never arrives" }
        switch claim.value.state {
        case .stopped where claim.value.desiredRevision == wanted.revision:
            if !endsByItself(vm) { return "was asked to end, and stays so though it shall run" }
            return domains.isEmpty ? nil : "has shut itself down and has a domain"
        case .running:
            guard let domain = domains.first else { return "is said to run and has no domain" }
            if nodes[domain.host].host.id != claim.value.host { return "runs on the wrong host" }
            if domain.specification.incarnation != claim.incarnation {
                return "runs with another claim's incarnation"
            }
            if claim.value.desiredCreateRevision != wanted.createRevision {
                return "is claimed for a former VM"
            }
            guard domain.isRunning else { return "is said to run and is \(domain.state)" }
            return problemWithNICs(vm, claim, wanted, domain, cluster)
        case .claimed, .starting, .paused, .suspended, .stopping, .stopped, .failed, .deleting:
            return "is \(claim.value.state) on \(claim.value.host): \(claim.value.message ?? "")"
        }
    }

    private func problemUnclaimed(
        _ vm: VMID, _ wanted: Stored<DesiredVM>, _ cluster: Cluster, _ placement: Placement,
        _ domains: [SimulatedDomain]
    ) -> String? {
        guard domains.isEmpty else { return "has a domain and no claim" }
        // It ended by itself and stays so until it is asked for again.
        if cluster.histories[vm]?.value.endedFor == wanted.revision {
            return endsByItself(vm) ? nil : "was asked to end, and stays so though it shall run"
        }
        do throws(VMPlan.Impossible) {
            let plan = try VMPlan(vm, wanted.value, in: cluster)
            let refusals = placement.refusals(of: plan.request)
            let able = refusals.filter(\.value.isEmpty).map(\.key)
            let declined = refusals.contains { host, _ in cluster.declines[vm]?[host] != nil }
            if able.isEmpty, declined { return "is declined for the time being" }
            return able.isEmpty ? nil : "is claimed by nobody, and could be by \(able)"
        } catch {
            return "cannot be run by anybody: \(error)"
        }
    }

    private func endsByItself(_ vm: VMID) -> Bool {
        nodes.contains { $0.host.endedByThemselves.contains(vm) }
    }

    private func strays(_ cluster: Cluster) -> [String] {
        nodes.flatMap { node in
            node.host.domains.keys.sorted().compactMap { vm in
                cluster.desiredVMs[vm] == nil
                    ? "vm \(vm) is gone and has a domain on \(node.host.id)" : nil
            }
        }
    }

    private func leftovers(_ cluster: Cluster) -> [String] {
        var left: [String] = []
        for vm in Set(cluster.actualVMs.keys).union(cluster.volumes.keys)
            .union(cluster.histories.keys).union(cluster.addresses.holders).sorted()
        where cluster.desiredVMs[vm] == nil {
            left.append("records of vm \(vm) are left")
        }
        let known = Set(
            cluster.volumes.values.flatMap { $0.values }.flatMap { volume in
                volume.value.allImages.map { FakeDiskPath(pool: volume.value.pool, image: $0) }
            }
                + cluster.actualImages.values.flatMap { image in
                    image.value.allImages.map {
                        FakeDiskPath(
                            pool: image.value.pool ?? PoolName(unchecked: "images"), image: $0)
                    }
                })
        for path in ceph.images.keys.map(\.description).sorted()
        where !known.contains(where: { $0.description == path }) {
            left.append("no record knows the disk \(path)")
        }
        return left
    }
}
