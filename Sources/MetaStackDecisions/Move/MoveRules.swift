public import MetaStackModel

/// Whether a VM that runs shall run on another host, on which, and how. Pure: its owner asks before it
/// moves the VM, and `metastack` to say why it does or does not.
public struct MoveRules: Sendable {
    public enum Verdict: Sendable, Equatable {
        /// Nothing asks for a move.
        case stay
        /// It is the VM's turn, and that is where it goes.
        case go(Plan)
        /// It shall go once others have gone.
        case wait
        /// It shall go and cannot.
        case stuck(String)
    }

    /// One move.
    public struct Plan: Sendable, Equatable {
        public var to: HostID
        public var live: Bool
        public var reason: String
        /// The order that it fulfils.
        public var order: String?
        public var drains = false

        public init(
            to: HostID, live: Bool, reason: String, order: String? = nil, drains: Bool = false
        ) {
            self.to = to
            self.live = live
            self.reason = reason
            self.order = order
            self.drains = drains
        }
    }

    /// Why a VM shall move, and what that allows.
    private struct Cause {
        var reason: String
        var order: String?
        var to: HostID?
        var drains = false
        /// Whether the guest is shut down in any case.
        var offline = false
        /// Whether it may be, where it cannot be moved live.
        var mayStop = false
    }

    private let cluster: Cluster

    public init(_ cluster: Cluster) { self.cluster = cluster }

    /// - Parameter avoiding: hosts that it could not be moved to lately.
    public func verdict(on vm: VMID, avoiding: Set<HostID> = []) -> Verdict {
        guard let claim = cluster.actualVMs[vm]?.value, let desired = cluster.desiredVMs[vm],
            desired.value.state == .start, claim.state == .running || claim.move != nil,
            let cause = cause(vm, desired.value, claim)
        else { return .stay }
        let request: PlacementRequest
        do throws(VMPlan.Impossible) {
            request = try VMPlan(vm, desired.value, in: cluster).request.asClaimed(by: claim)
        } catch {
            return .stuck("\(cause.reason), and \(error)")
        }
        guard let target = target(request, cause, claim, avoiding) else {
            return .stuck("\(cause.reason), \(whyNowhere(request, cause, claim))")
        }
        let hindrance = hindrance(of: claim, to: target)
        if let hindrance, !cause.offline, !cause.mayStop {
            return .stuck(
                "\(cause.reason), and host \(target) \(hindrance): "
                    + "allow offline moves, or ask for one")
        }
        guard hasTurn(vm, from: claim.host) else { return .wait }
        return .go(
            Plan(
                to: target, live: !cause.offline && hindrance == nil,
                reason: cause.reason, order: cause.order, drains: cause.drains))
    }

    /// The same for a VM of which nothing is asked but that load be shared.
    public func verdict(on vm: VMID, by step: Rebalance.Step) -> Verdict {
        guard let claim = cluster.actualVMs[vm]?.value,
            claim.state == .running, cluster.desiredVMs[vm]?.value.state == .start
        else { return .stay }
        // Nobody is shut down for it, and nobody hears of one that cannot be done.
        guard hindrance(of: claim, to: step.to) == nil else { return .stay }
        guard hasTurn(vm, from: claim.host) else { return .wait }
        return .go(
            Plan(
                to: step.to, live: true,
                reason: "load is shared: host \(step.from) goes from \(step.before / 10) % to "
                    + "\(step.after / 10) %"))
    }

    private func cause(_ vm: VMID, _ desired: DesiredVM, _ claim: ActualVM) -> Cause? {
        if let order = desired.moves.order, order.from == claim.host,
            cluster.histories[vm]?.value.movedFor != order.id
        {
            return Cause(
                reason: "somebody asked for it", order: order.id, to: order.to,
                offline: order.offline)
        }
        if let pin = desired.host, pin != claim.host {
            return Cause(
                reason: "it is pinned to host \(pin)", to: pin, mayStop: desired.moves.offline)
        }
        if let wanted = cluster.desiredHosts[claim.host]?.value, wanted.state == .maintenance {
            return Cause(
                reason: "host \(claim.host) is in maintenance", drains: true,
                mayStop: desired.moves.offline)
        }
        guard desired.moves.goesBack, let home = claim.cameFrom, cluster.hosts[home] != nil,
            cluster.desiredHosts[home]?.value.state ?? .ready == .ready
        else { return nil }
        return Cause(reason: "it goes back to host \(home)", to: home)
    }

    private func target(
        _ request: PlacementRequest, _ cause: Cause, _ claim: ActualVM, _ avoiding: Set<HostID>
    ) -> HostID? {
        let candidates = Placement(cluster, without: request.vm)
            .candidates(for: unpinned(request, cause)).map(\.host)
            .filter { $0 != claim.host && !avoiding.contains($0) }
        if let to = cause.to { return candidates.contains(to) ? to : nil }
        return candidates.first { hindrance(of: claim, to: $0) == nil } ?? candidates.first
    }

    /// An order names its own target; a pin to the host that the VM leaves keeps it there all the same.
    private func unpinned(_ request: PlacementRequest, _ cause: Cause) -> PlacementRequest {
        var request = request
        if let to = cause.to, request.pin == nil { request.pin = to }
        return request
    }

    private func whyNowhere(
        _ request: PlacementRequest, _ cause: Cause, _ claim: ActualVM
    ) -> String {
        let refusals = Placement(cluster, without: request.vm)
            .refusals(of: unpinned(request, cause))
        if let to = cause.to {
            guard let reasons = refusals[to] else { return "which is not live" }
            return reasons.isEmpty
                ? "and host \(to) could not take it lately"
                : "and host \(to): " + reasons.map(\.description).joined(separator: "; ")
        }
        let others = refusals.filter { $0.key != claim.host }.sorted { $0.key < $1.key }
        guard !others.isEmpty else { return "and there is no other host" }
        return "and no other host can take it: "
            + others.map { host, reasons in
                "\(host): " + (reasons.first?.description ?? "it could not lately")
            }.joined(separator: "; ")
    }

    /// Why the guest cannot go there while it runs; nil where it can. What runs guests has to be alike at
    /// both ends, and so has what their NICs hang on, which libvirt takes along as it is; and the processors
    /// have to offer what the guest was started with.
    private func hindrance(of claim: ActualVM, to: HostID) -> String? {
        guard let one = cluster.hosts[claim.host]?.value, let other = cluster.hosts[to]?.value
        else {
            return "is not known"
        }
        guard alike(one.domainType, other.domainType) else {
            return "has another kind of hypervisor"
        }
        guard alike(one.architecture, other.architecture) else {
            return "has processors of another architecture"
        }
        if let driver = one.plane?.driver, let others = other.plane?.driver, driver != others,
            !claim.macs.isEmpty
        {
            return "makes networks with \(others) (network.driver), its own host with \(driver)"
        }
        guard let has = cluster.hosts[claim.bootedOn ?? claim.host]?.value.cpu,
            let offers = other.cpu
        else { return nil }
        return has.hindrance(on: offers)
    }

    /// A host that says nothing is taken for like the others; the move itself tells.
    private func alike(_ one: String, _ other: String) -> Bool {
        one.isEmpty || other.isEmpty || one == other
    }

    /// At most so many VMs leave a host at a time, and so many move in the cluster.
    private func hasTurn(_ vm: VMID, from host: HostID) -> Bool {
        let limits = cluster.moveLimits?.value ?? MoveLimits()
        var leaving = 0
        var moving = 0
        for (other, claim) in cluster.actualVMs where claim.value.move != nil && other != vm {
            moving += 1
            if claim.value.host == host { leaving += 1 }
        }
        return leaving < limits.perHost && moving < limits.perCluster
    }
}
