public import MetaStackModel

/// Which VMs to move so that hosts share load more evenly, and what that gains. Pure: every owner computes
/// the same and moves its own part of it.
public struct Rebalance: Sendable, Equatable {
    /// One VM's move.
    public struct Step: Sendable, Equatable {
        public var vm: VMID
        public var from: HostID
        public var to: HostID
        /// The load of the host that it leaves, before and after, in thousandths of what may be promised.
        public var before: Int
        public var after: Int
    }

    /// In the order in which they are worth most.
    public private(set) var steps: [Step] = []
    /// How much fuller the fullest host is than the emptiest, in thousandths.
    public private(set) var spreadBefore = 0
    public private(set) var spreadAfter = 0

    /// - Parameters:
    ///   - now: what the cool-down is counted to.
    public init(of cluster: Cluster, by policy: RebalancePolicy, at now: Timestamp) {
        var state = State(cluster, policy, now)
        spreadBefore = state.spread
        while steps.count < policy.atMost, state.spread > policy.threshold * 10,
            let step = state.best(except: Set(steps.map(\.vm)))
        {
            steps.append(step)
            state.take(step)
        }
        spreadAfter = state.spread
    }
}

/// The cluster as it would be once the steps so far are done.
private struct State {
    /// Hosts that take VMs.
    var offers: [HostID: HostOffer]
    var cluster: Cluster
    /// Who has room for what.
    var placement: Placement
    /// Those that may move, by their host.
    var movable: [HostID: [PlacementRequest]]

    init(_ cluster: Cluster, _ policy: RebalancePolicy, _ now: Timestamp) {
        self.cluster = cluster
        placement = Placement(cluster)
        offers = Dictionary(
            uniqueKeysWithValues: placement.offers.filter { $0.refusal == nil }
                .map { ($0.host, $0) })
        movable = [:]
        for (vm, claim) in cluster.actualVMs {
            guard claim.value.state == .running, claim.value.move == nil,
                let wanted = cluster.desiredVMs[vm], wanted.value.state == .start,
                wanted.value.host == nil,
                now.milliseconds - claim.value.since.milliseconds >= Int64(policy.coolDown) * 1000,
                // Its addresses are its own already. Where there is no plan it stays.
                let plan = try? VMPlan(vm, wanted.value, in: cluster, checkingAddresses: false)
            else { continue }
            movable[claim.value.host, default: []].append(plan.request.asClaimed(by: claim.value))
        }
        for host in movable.keys { movable[host]?.sort { $0.vm < $1.vm } }
    }

    var spread: Int {
        let loads = offers.values.map(\.load)
        return (loads.max() ?? 0) - (loads.min() ?? 0)
    }

    /// From the fullest host that can give one away, the VM whose move leaves the fuller of the two
    /// hosts emptiest.
    func best(except moved: Set<VMID>) -> Rebalance.Step? {
        let byLoad = offers.values.sorted { ($1.load, $0.host) < ($0.load, $1.host) }
        for source in byLoad {
            var best: (step: Rebalance.Step, peak: Int)?
            for request in movable[source.host] ?? [] where !moved.contains(request.vm) {
                guard let (step, peak) = step(of: request, from: source) else { continue }
                if best.map({ peak < $0.peak }) ?? true { best = (step, peak) }
            }
            if let best { return best.step }
        }
        return nil
    }

    /// nil where no host would take it and stay emptier than its present one is.
    private func step(
        of request: PlacementRequest, from source: HostOffer
    ) -> (step: Rebalance.Step, peak: Int)? {
        let left = source.without(request).load
        var placement = placement
        if let present = Commitment(request.vm, in: cluster) { placement.release(present) }
        let targets = placement.candidates(for: request).lazy.map(\.host)
            .filter { $0 != source.host }
        guard
            let target = targets.compactMap({ offers[$0] }).min(by: { one, other in
                (one.after(request).load, one.host) < (other.after(request).load, other.host)
            })
        else { return nil }
        let peak = max(left, target.after(request).load)
        guard peak < source.load else { return nil }
        let step = Rebalance.Step(
            vm: request.vm, from: source.host, to: target.host, before: source.load, after: left)
        return (step, peak)
    }

    mutating func take(_ step: Rebalance.Step) {
        guard let request = movable[step.from]?.first(where: { $0.vm == step.vm }) else { return }
        offers[step.from] = offers[step.from]?.without(request)
        offers[step.to] = offers[step.to]?.after(request)
        // The next one is admitted beside it.
        if let present = Commitment(step.vm, in: cluster) { placement.release(present) }
        cluster.actualVMs[step.vm]?.value.host = step.to
        if let next = Commitment(step.vm, in: cluster) { placement.commit(next) }
    }
}

extension HostOffer {
    /// In thousandths of what may be promised, of memory or of processors, whichever is fuller.
    var load: Int {
        max(usedRAM.count * 1000 / max(1, ramLimit), usedVCPU * 1000 / max(1, vcpuLimit))
    }

    fileprivate func without(_ request: PlacementRequest) -> HostOffer {
        var offer = self
        offer.usedRAM = offer.usedRAM - request.ram
        offer.usedVCPU -= request.vcpus
        return offer
    }
}
