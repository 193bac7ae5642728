import Etcd
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import ServiceLifecycle

/// Keeps the node's lease alive and its host record under it, as ``SessionMachine`` says.
///
/// Ends when it is cancelled, after a last renewal of half a second at most, and leaves the lease to run out: a clean stop keeps the
/// claims for the lease's TTL, in which the next start takes them over.
struct SessionService: Service {
    let store: ClusterStore
    let view: NodeView
    let host: HostRecord
    let router: ChangeRouter
    let guests: GuestGuard
    let heartbeat: Heartbeat?
    let proofs: (any ProofRecord)?
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            observe(.began(safeUntil: proofs?.read()))
            try await withThrowingTaskGroup { group in
                group.addTask { try await keepSession() }
                group.addTask { try await guests.run() }
                try await group.next()
                group.cancelAll()
            }
        }
        await renewOnceMore()
    }

    /// The next agent has as long as can be to go on with the guests.
    private func renewOnceMore() async {
        guard let lease = view.provenLease(at: clock.now) else { return }
        let sentAt = clock.now
        let deadline = min(.milliseconds(500), view.read { $0.session.callDeadline(at: sentAt) })
        // It was proven without this one: it counts, or the fence comes a little earlier.
        guard (try? await store.keepAlive(lease, deadline: deadline)) == true else { return }
        observe(.renewed(lease, sentAt: sentAt))
    }

    private func keepSession() async throws {
        await view.firstList()
        var wasProven = false
        var hasBegun = false
        while !Task.isCancelled {
            try await step()
            let now = clock.now
            let isProven = view.provenLease(at: now) != nil
            heartbeat?.turned(.session, at: now, isProven: isProven)
            if isProven, !wasProven, hasBegun { etcdReturned(now) }
            if isProven, view.change({ $0.session.takeGap() }) { router.everythingChanged() }
            hasBegun = hasBegun || isProven
            if !isProven, wasProven { logger.warning("session is unproven") }
            wasProven = isProven
        }
    }

    private func etcdReturned(_ now: ContinuousClock.Instant) {
        view.contactBell.ring()
        let hold = view.change { state in
            state.takeovers.observe(.etcdReturned, at: now)
            return state.takeovers.hold(at: now, wanted: nil)
        }
        if let hold { router.saysWhatIsHeld(hold) }
    }

    private func step() async throws {
        let rings = view.sessionBell.rings
        let now = clock.now
        guard !view.isFrozen else {
            let turn = now + view.read { $0.session.ttl / 3 }
            return try await view.sessionBell.sleep(until: turn, since: rings, clock: clock)
        }
        switch view.read({ $0.session.next(at: now) }) {
        case .wait(let instant):
            let unproven = view.read { $0.session.unprovenFrom } ?? instant
            try await view.sessionBell.sleep(
                until: unproven > now ? min(instant, unproven) : instant, since: rings,
                clock: clock)
        case .suspendGuests: await guests.suspendGuests()
        case .grant(let ttl): await grant(ttl)
        case .publish(let lease): await publish(lease)
        case .keepAlive(let lease): await keepAlive(lease)
        }
    }

    private func grant(_ ttl: Duration) async {
        let sentAt = clock.now
        do {
            guard try await isKnownEtcd() else { return }
            let granted = try await store.grantLease(ttl: ttl, deadline: beginCall())
            observe(.granted(granted.lease, ttl: granted.ttl, sentAt: sentAt))
        } catch {
            failed("cannot get a lease", error)
        }
    }

    private func publish(_ lease: LeaseNumber) async {
        do {
            let published = try await within(beginCall(), clock) { [host] in
                try await host.publish(under: lease)
            }
            switch published {
            case .written(let revision):
                view.change { $0.publishedAt = revision }
                observe(.published(lease))
                // Before any claim is made: from here on somebody watches over the guests.
                heartbeat?.turned(.session, at: clock.now, isProven: true)
                logger.info(
                    "session begun", metadata: ["lease": "\(lease)", "revision": "\(revision)"])
                await guests.witnesses.refresh(deadline: beginCall())
            case .conflict:
                observe(.failed)
            }
        } catch let error as EtcdError where error.code == .leaseNotFound {
            observe(.ended(lease))
        } catch {
            failed("cannot publish the host", error)
        }
    }

    private func keepAlive(_ lease: LeaseNumber) async {
        let sentAt = clock.now
        do {
            let hadGap = view.provenLease(at: sentAt) == nil
            var isAlive = try await store.keepAlive(lease, deadline: beginCall())
            if hadGap || !isAlive {
                guard try await isKnownEtcd() else { return }
            }
            if isAlive, hadGap { isAlive = try await hostRecordStands(under: lease) }
            if isAlive {
                observe(.renewed(lease, sentAt: sentAt))
            } else {
                logger.error(
                    "session ended: etcd has no such lease", metadata: ["lease": "\(lease)"])
                observe(.ended(lease))
            }
        } catch {
            failed("cannot renew the lease", error)
        }
    }

    /// Whether etcd is the one that this node knew. One that was restored from a snapshot has
    /// another number, or a revision that went back; it knows no lease or claim that is younger, and
    /// wants VMs that were deleted since.
    private func isKnownEtcd() async throws -> Bool {
        // What the watch brings while the answer is on its way is younger than the answer.
        let seen = view.read { $0.cluster.revision }
        let standing = try await within(beginCall(), clock) { [store] in
            try await store.standing()
        }
        let problem = view.change { state -> String? in
            let known = state.clusterID ?? standing.clusterID
            state.clusterID = known
            if known != standing.clusterID {
                return "cluster \(standing.clusterID) answers, not \(known)"
            }
            return standing.revision < seen
                ? "its revision went back from \(seen) to \(standing.revision)" : nil
        }
        if let problem { view.freeze(problem, logger: logger) }
        return problem == nil
    }

    /// After a gap a keepalive's answer alone is not believed: etcd before 3.5.23 can renew a lease
    /// that is revoked already, and with it all that stood under it is gone.
    private func hostRecordStands(under lease: LeaseNumber) async throws -> Bool {
        try await within(beginCall(), clock) { [store, view] in
            try await store.read(.host(view.me))?.lease == lease
        }
    }

    /// A call that may take its time is a turn of the loop's by itself.
    ///
    /// - Returns: how long it may take.
    private func beginCall() -> Duration {
        let now = clock.now
        heartbeat?.turned(.session, at: now)
        return view.read { $0.session.callDeadline(at: now) }
    }

    private func observe(_ event: SessionMachine.Event) {
        view.observeSession(event, clock: clock)
        heartbeat?.proven(until: view.read { $0.session.unprovenFrom })
        if let proofs, let safeUntil = view.read({ $0.session.guestsSafeUntil }) {
            proofs.write(safeUntil)
        }
    }

    private func failed(_ what: Logger.Message, _ error: any Error) {
        if error is CancellationError { return }
        // Once: an outage of hours would fill the log.
        let isFirst = view.read { $0.session.failuresInARow } == 0
        logger.log(level: isFirst ? .warning : .debug, what, metadata: ["error": "\(error)"])
        observe(.failed)
    }
}
