import Etcd
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import ServiceLifecycle

/// Keeps the node's lease alive and its host record under it, as ``SessionMachine`` says.
///
/// Ends by cancellation only, at once, and leaves the lease to run out: a clean stop keeps the
/// claims for the lease's TTL, in which the next start takes them over.
struct SessionService: Service {
    let store: ClusterStore
    let view: NodeView
    let host: HostRecord
    let router: ChangeRouter
    let domains: LocalDomains
    let heartbeat: Heartbeat?
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            await view.firstList()
            var wasProven = false
            while !Task.isCancelled {
                try await step()
                let isProven = view.provenLease(at: clock.now) != nil
                heartbeat?.turned(at: clock.now, isProven: isProven)
                if isProven != wasProven {
                    wasProven = isProven
                    if isProven { router.everythingChanged() } else { await suspendGuests() }
                }
            }
        }
    }

    private func step() async throws {
        let now = clock.now
        switch view.read({ $0.session.next(at: now) }) {
        case .wait(let instant):
            let unproven = view.read { $0.session.unprovenFrom } ?? instant
            try await clock.sleep(until: unproven > now ? min(instant, unproven) : instant)
        case .grant(let ttl): await grant(ttl)
        case .publish(let lease): await publish(lease)
        case .keepAlive(let lease): await keepAlive(lease)
        }
    }

    private func grant(_ ttl: Duration) async {
        let sentAt = clock.now
        do {
            let granted = try await store.grantLease(ttl: ttl, deadline: deadline)
            observe(.granted(granted.lease, ttl: granted.ttl, sentAt: sentAt))
        } catch {
            failed("cannot get a lease", error)
        }
    }

    private func publish(_ lease: LeaseNumber) async {
        do {
            let published = try await within(deadline, clock) { [host] in
                try await host.publish(under: lease)
            }
            switch published {
            case .written(let revision):
                view.change { $0.publishedAt = revision }
                observe(.published(lease))
                logger.info(
                    "session begun", metadata: ["lease": "\(lease)", "revision": "\(revision)"])
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
            var isAlive = try await store.keepAlive(lease, deadline: deadline)
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

    /// After a gap a keepalive's answer alone is not believed: etcd before 3.5.23 can renew a lease
    /// that is revoked already, and with it all that stood under it is gone.
    private func hostRecordStands(under lease: LeaseNumber) async throws -> Bool {
        try await within(deadline, clock) { [store, view] in
            try await store.read(.host(view.me))?.lease == lease
        }
    }

    private var deadline: Duration {
        let now = clock.now
        return view.read { $0.session.callDeadline(at: now) }
    }

    private func observe(_ event: SessionMachine.Event) {
        let now = clock.now
        view.change { $0.session.observe(event, at: now) }
    }

    private func failed(_ what: Logger.Message, _ error: any Error) {
        if error is CancellationError { return }
        logger.warning(what, metadata: ["error": "\(error)"])
        observe(.failed)
    }

    /// A node that cannot prove its claims stops its guests before others may start them; they
    /// are resumed where the claims prove to be its own still.
    private func suspendGuests() async {
        let running = view.read { state in
            state.domains.values.filter { $0.state == .running }.map(\.vm).sorted()
        }
        guard !running.isEmpty, !Task.isCancelled else { return }
        logger.error(
            "session is unproven, suspending guests", metadata: ["guests": "\(running.count)"])
        await withDiscardingTaskGroup { group in
            for vm in running {
                group.addTask { await suspend(vm) }
            }
        }
    }

    private func suspend(_ vm: VMID) async {
        do {
            try await domains.hypervisor.suspend(vm)
            // Who claims it again must not take it for running.
            try await domains.refresh(vm)
        } catch {
            logger.error("cannot suspend a guest", metadata: ["vm": "\(vm)", "error": "\(error)"])
        }
    }
}
