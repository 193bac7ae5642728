import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// What this node knows: the cluster's records, its own session, the domains on its host.
///
/// One lock, held for the time of a look or a change and never across an `await`. Services write
/// their part; the reconcilers read it all at once and so decide on one consistent moment.
final class NodeView: Sendable {
    struct State: Sendable {
        /// Changed by ``take(_:)`` and ``apply(_:at:now:)`` alone, which keep the ledger up.
        private(set) var cluster = Cluster()
        var session: SessionMachine
        /// The revision at which the host's record was written under the present lease.
        var publishedAt = Revision(0)
        var domains: [VMID: LocalDomain] = [:]
        /// False until the hypervisor was listed once: then the absence of a domain says nothing.
        var knowsDomains = false
        /// Counts the looks at the hypervisor, so that an early look's late answer is dropped.
        var looks = 0
        /// The look that each VM's domain was last taken from.
        var lookedAt: [VMID: Int] = [:]
        /// How guests ended that this agent saw end, each with the last look that had begun by then.
        private var exits: [VMID: (exit: GuestExit, look: Int)] = [:]
        /// Images that this node made, or tried to, and is not known to have put on record.
        var made: [VMID: Set<DiskImage>] = [:]
        /// Own writes that the watch has to show before a VM is looked at again.
        var ownWrites: [VMID: Revision] = [:]
        /// VMs of this node that shall go to another host and have not yet.
        var waitingToMove: Set<VMID> = []
        /// VMs of this node whose NICs wait for something.
        var waitingForNICs: Set<VMID> = []
        /// Claims that went with their owner's lease.
        var departures: [VMID: Departure] = [:]
        var takeovers: TakeoverGuard
        /// The etcd cluster that this node knows; nil before it has answered.
        var clusterID: UInt64?
        /// Why nothing is decided any more: etcd is not the one that this node knew.
        var frozen: String?
        /// Since when the storage has been away from this host.
        var storageAwaySince: ContinuousClock.Instant?
        /// Who has room for what, and whose turn each pending VM is.
        private(set) var ledger = PlacementLedger(Cluster())
        /// When each host was last seen to claim a VM.
        var claimedLast: [HostID: ContinuousClock.Instant] = [:]

        init(session: SessionMachine, takeovers: TakeoverGuard) {
            self.session = session
            self.takeovers = takeovers
        }

        /// How the VM's last guest here ended; nil where nobody said, or there has been another since.
        func exit(of vm: VMID) -> GuestExit? { exits[vm]?.exit }

        mutating func note(_ exit: GuestExit, of vm: VMID) { exits[vm] = (exit, looks) }

        /// A guest of the VM is about to be here: what ended was an earlier one.
        mutating func forgetExit(of vm: VMID) { exits[vm] = nil }

        /// What a look has shown, unless a later one has already.
        mutating func take(_ domain: LocalDomain?, of vm: VMID, from look: Int) {
            guard look > lookedAt[vm, default: 0] else { return }
            lookedAt[vm] = look
            domains[vm] = domain
            // One that was there after the end was told is another one than that which ended.
            if domain != nil, let ended = exits[vm], ended.look < look { exits[vm] = nil }
        }

        /// Takes over all records as they were listed.
        mutating func take(_ cluster: Cluster) {
            self.cluster = cluster
            ledger = PlacementLedger(cluster)
        }

        /// Changes the records, and the ledger with them.
        ///
        /// - Parameter vms: those that have a record among the changed.
        mutating func change(
            _ vms: [VMID], _ body: (inout Cluster) -> Set<RecordKey>
        ) -> Set<RecordKey> {
            let before = ledger.commitments(of: vms, in: cluster)
            let changed = body(&cluster)
            ledger.follow(changed, from: before, in: cluster)
            return changed
        }

        /// Looks at the ledger, which makes what it has not yet.
        mutating func look<Value>(_ body: (inout PlacementLedger) -> Value) -> Value {
            body(&ledger)
        }
    }

    private let state: Mutex<State>
    private let listed: AsyncStream<Void>
    private let lister: AsyncStream<Void>.Continuation
    let me: HostID
    /// Rings when the session has changed.
    let sessionBell = Bell()
    /// Rings when etcd has answered again after a gap.
    let contactBell = Bell()
    /// Rings when guests' networks may have to be others.
    let networkBell = Bell()

    init(me: HostID, ttl: Duration) {
        self.me = me
        (listed, lister) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        state = Mutex(State(session: SessionMachine(ttl: ttl), takeovers: TakeoverGuard(ttl: ttl)))
    }

    func read<Value>(_ body: (State) throws -> sending Value) rethrows -> sending Value {
        try state.withLock { try body($0) }
    }

    func change<Value>(_ body: (inout sending State) throws -> sending Value) rethrows
        -> sending Value
    {
        try state.withLock { try body(&$0) }
    }

    /// The lease to claim under, where the session is proven.
    func provenLease(at now: ContinuousClock.Instant) -> LeaseNumber? {
        state.withLock { $0.frozen == nil ? $0.session.provenLease(at: now) : nil }
    }

    /// Whether this node has stopped deciding anything, see ``State/frozen``.
    var isFrozen: Bool { state.withLock { $0.frozen != nil } }

    /// Stops deciding anything until the agent is started again.
    func freeze(_ reason: String, logger: Logger) {
        let isNew = state.withLock { state in
            defer { state.frozen = state.frozen ?? reason }
            return state.frozen == nil
        }
        guard isNew else { return }
        logger.critical(
            """
            etcd is not the one that this node knew: guests run on as they are, nothing is claimed, \
            moved or deleted; look at what was restored, then start metastack-node again
            """,
            metadata: ["error": "\(reason)"])
        sessionBell.ring()
    }

    /// Those of the guests here whose claims do not stand under the session's lease.
    func strangers(among guests: [VMID]) -> [VMID] {
        state.withLock { state in
            guests.filter { vm in
                let claim = state.cluster.actualVMs[vm]
                return claim?.value.host != me || claim?.lease != state.session.heldLease
            }
        }
    }

    /// The time is read under the lock: whoever found the session unproven before it did so at an
    /// earlier one, and so within the gap that the event ends.
    func observeSession(_ event: SessionMachine.Event, clock: some NodeClock) {
        state.withLock { $0.session.observe(event, at: clock.now) }
        sessionBell.ring()
    }

    var cluster: Cluster { state.withLock { $0.cluster } }

    var placement: Placement { state.withLock { $0.ledger.placement } }

    /// Who shall try to run a pending VM, and how many others before this node; nil where it is not
    /// pending or no host can run it.
    func turn(of vm: VMID) -> (host: HostID, rank: Int?)? {
        state.withLock { state in state.look { $0.turn(of: vm, for: me) } }
    }

    func isPending(_ vm: VMID) -> Bool { state.withLock { $0.ledger.isPending(vm) } }

    /// When a host, or this one, last had claims to make; nil where neither is known to have had.
    func heardOfClaims(
        of host: HostID, at now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
        state.withLock { $0.heardOfClaims(of: host, me, at: now) }
    }

    /// The pending VMs that are for this node, in the order in which it shall claim them.
    var share: [VMID] {
        state.withLock { state in state.look { Array($0.presentAssignment().share(of: me)) } }
    }

    /// Why no VM is taken over just now; nil where nothing is held back.
    func takeoverHold(at now: ContinuousClock.Instant) -> TakeoverHold? {
        state.withLock { $0.takeovers.hold(at: now, wanted: $0.cluster.takeoverSwitch?.value) }
    }

    /// A VM's situation, and the records that it was taken from; nil while an own write about
    /// the VM is not in view yet (its event brings the VM up again) and before the first list of
    /// domains (which brings every VM up).
    func situation(
        of vm: VMID, lease: LeaseNumber, at now: ContinuousClock.Instant
    ) -> GuestSituation? {
        state.withLock { state in
            guard state.knowsDomains else { return nil }
            if let own = state.ownWrites[vm] {
                guard state.cluster.revision >= own else { return nil }
                state.ownWrites[vm] = nil
            }
            var situation = GuestSituation(
                vm: vm, me: me, lease: lease, in: state.cluster, domain: state.domains[vm],
                exit: state.exit(of: vm))
            situation.hold = state.takeovers.hold(
                at: now, wanted: state.cluster.takeoverSwitch?.value)
            situation.orphans = state.orphans(of: vm)
            situation.cannotServe = state.cannotServe(vm, at: now)
            return situation
        }
    }

    /// Returns when the records have been listed once, or its task is cancelled.
    func firstList() async {
        for await _ in listed { return }
    }

    /// Takes over the first list of the records.
    func start(with cluster: Cluster) {
        state.withLock { $0.take(cluster) }
        lister.yield()
    }

    /// An image is about to be made; its name is on record.
    func noteMaking(_ image: DiskImage, of vm: VMID) {
        state.withLock { _ = $0.made[vm, default: []].insert(image) }
    }

    /// The image is on record as whole, or gone.
    func noteMade(_ image: DiskImage, of vm: VMID) {
        state.withLock { state in
            state.made[vm]?.remove(image)
            if state.made[vm]?.isEmpty == true { state.made[vm] = nil }
        }
    }

    func noteWaitingToMove(_ vm: VMID, _ waits: Bool) {
        state.withLock { state in
            if waits {
                state.waitingToMove.insert(vm)
            } else {
                state.waitingToMove.remove(vm)
            }
        }
    }

    func noteWaitingForNICs(_ vm: VMID, _ waits: Bool) {
        state.withLock { state in
            if waits {
                state.waitingForNICs.insert(vm)
            } else {
                state.waitingForNICs.remove(vm)
            }
        }
    }

    func noteOwnWrite(_ vm: VMID, _ revision: Revision) {
        state.withLock { $0.ownWrites[vm] = revision }
    }
}
