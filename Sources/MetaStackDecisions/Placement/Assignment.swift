public import MetaStackModel

/// Which host each of many pending VMs is for: one after the other in their order, each to the host
/// that is best for it once those before it have theirs.
public struct Assignment: Sendable, Equatable {
    /// One VM's host, and where one node stands among those that could run it.
    public struct Turn: Sendable, Equatable {
        /// nil where no host can run it.
        public var host: HostID?
        /// How many hosts are better for it than this node; nil where this node cannot run it.
        public var rank: Int?
    }

    /// By VM.
    public private(set) var turns: [VMID: Turn] = [:]

    /// - Parameters:
    ///   - requests: in any order.
    ///   - me: the node whose ranks are wanted.
    public init(of requests: [PlacementRequest], on placement: Placement, for me: HostID? = nil) {
        var placement = placement
        for request in requests.sorted(by: PlacementRequest.precedes) {
            let best = placement.assign(request, for: me)
            turns[request.vm] = best
        }
    }

    /// A VM's host, where one can run it.
    public subscript(_ vm: VMID) -> HostID? { turns[vm]?.host }
}

extension Placement {
    /// Gives the VM to the best host, which has so much less left for the next one.
    fileprivate mutating func assign(
        _ request: PlacementRequest, for me: HostID?
    ) -> Assignment.Turn {
        let order = Self.order(of: request.vm)
        let mine = me.flatMap(place).flatMap { score(of: request, at: $0, order) }
        var best: (score: Score, place: Int)?
        var rank = 0
        for place in offers.indices {
            guard let score = score(of: request, at: place, order) else { continue }
            if let mine, score < mine { rank += 1 }
            if best.map({ score < $0.score }) ?? true { best = (score, place) }
        }
        guard let best else { return Assignment.Turn() }
        commit(
            best.place, ram: request.ram, vcpus: request.vcpus, groups: request.wishes.groups)
        return Assignment.Turn(host: offers[best.place].host, rank: mine == nil ? nil : rank)
    }
}

extension Cluster {
    /// What the VMs ask that shall run and that nobody owns, as far as the records say.
    public var pendingRequests: [PlacementRequest] {
        desiredVMs.compactMap { vm, desired in
            guard actualVMs[vm] == nil, desired.value.state == .start,
                histories[vm]?.value.endedFor != desired.revision,
                let plan = try? VMPlan(vm, desired.value, in: self)  // Then nobody can run it.
            else { return nil }
            return plan.request
        }
    }
}
