import Logging
import MetaStackDecisions
import MetaStackModel

/// Stops this host's guests before others may start them, as ``SessionMachine/GuestCare`` says.
///
/// A guest that cannot be suspended in time is ended: it loses its memory, and no other host has to trust
/// that it stands still.
///
/// Beside the loop that renews the lease, since that one may be waiting for an answer just then.
/// Ends by cancellation, at once, and leaves every guest as it is.
struct GuestGuard: Sendable {
    /// Between two rounds of questions: a member that has just lost its leader needs a moment to
    /// notice.
    private static let askAgainAfter = Duration.milliseconds(100)

    let view: NodeView
    let domains: LocalDomains
    let witnesses: Witnesses
    let heartbeat: Heartbeat?
    let clock: any NodeClock
    let logger: Logger

    func run() async throws {
        while !Task.isCancelled {
            let rings = view.sessionBell.rings
            let now = clock.now
            heartbeat?.turned(.guests, at: now)
            let turn = now + view.read { $0.session.ttl / 3 }
            if view.isFrozen {
                try await view.sessionBell.sleep(until: turn, since: rings, clock: clock)
                continue
            }
            switch view.read({ $0.session.guestCare(at: now) }) {
            case .run(let lookAgain):
                var next = min(lookAgain, turn)
                if let unsafeFrom = view.read(\.session.strangersUnsafeFrom) {
                    if unsafeFrom > now {
                        next = min(next, unsafeFrom)
                    } else {
                        let strangers = view.strangers(among: await domains.running())
                        await suspend(strangers, "no claim of this session covers them")
                    }
                }
                // Often enough for the watchdog, which wants to see this loop go round.
                try await view.sessionBell.sleep(until: next, since: rings, clock: clock)
            case .askMembers(let until):
                try await ask(until: until, since: rings)
            case .suspend:
                await suspendGuests()
                // Its own ring is no news.
                try await view.sessionBell.sleep(
                    until: clock.now + view.read { $0.session.ttl / 3 },
                    since: view.sessionBell.rings, clock: clock)
            }
        }
    }

    private func ask(until instant: ContinuousClock.Instant, since rings: Int) async throws {
        let sentAt = clock.now
        if await witnesses.proveOutage(within: sentAt.duration(to: instant)) {
            logger.warning("etcd has no quorum anywhere, guests run on")
            view.observeSession(.outageProven(sentAt: sentAt), clock: clock)
        } else {
            let next = min(instant, clock.now + Self.askAgainAfter)
            try await view.sessionBell.sleep(until: next, since: rings, clock: clock)
        }
    }

    /// They are resumed where their claims prove to be this node's still.
    func suspendGuests() async {
        await suspend(await domains.running(), "the session is unproven")
        await suspend(await domains.leaving(), "its move is not at its end")
        view.observeSession(.guestsSuspended, clock: clock)
    }

    private func suspend(_ guests: [VMID], _ reason: String) async {
        if !guests.isEmpty {
            logger.error(
                "suspending guests", metadata: ["guests": "\(guests.count)", "reason": "\(reason)"])
        }
        await withDiscardingTaskGroup { group in
            for vm in guests {
                group.addTask { await suspend(vm) }
            }
        }
    }

    private func suspend(_ vm: VMID) async {
        do {
            try await domains.hypervisor.suspend(
                vm, within: view.read { $0.session.suspensionLimit })
            logger.info("guest suspended", metadata: ["vm": "\(vm)"])
            // Who claims it again must not take it for running.
            try await domains.refresh(vm)
        } catch {
            logger.error(
                "cannot suspend a guest, ending it",
                metadata: ["vm": "\(vm)", "error": "\(error)"])
            await end(vm)
        }
    }

    private func end(_ vm: VMID) async {
        do {
            try await domains.hypervisor.kill(vm)
            domains.forget(vm)
            logger.info("guest ended at once", metadata: ["vm": "\(vm)"])
        } catch {
            logger.critical(
                "a guest may run on", metadata: ["vm": "\(vm)", "error": "\(error)"])
        }
    }
}
