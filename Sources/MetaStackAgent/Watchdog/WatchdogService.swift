public import Logging
public import ServiceLifecycle

/// Feeds the watchdogs outside the agent, as long as the session's loop goes round and not a moment
/// longer.
///
/// It begins before the first session: the guests of the agent before may run, under a lease that
/// nobody renews any more, and a process that stalls already guards none of them.
///
/// Where the loop hangs and this still runs, it says so at once instead of waiting for the silence to
/// be noticed, and `onHang` ends the process: a session that is not kept must not resume guests.
/// Where nothing of the process runs, silence does the same.
///
/// Ends by cancellation, at once. A graceful shutdown releases the device first of all: guests stay,
/// and the machine must not be reset under them.
public struct WatchdogService: Service {
    private static let secondLook = Duration.milliseconds(50)

    private let heartbeat: Heartbeat
    private let notifier: SystemdNotifier?
    private let device: WatchdogDevice?
    private let budget: WatchdogBudget
    private let clock: any NodeClock
    private let logger: Logger
    private let onHang: @Sendable () -> Void

    public init(
        _ heartbeat: Heartbeat, notifier: SystemdNotifier?, device: WatchdogDevice?,
        budget: WatchdogBudget, clock: any NodeClock = SystemClock(), logger: Logger,
        onHang: @escaping @Sendable () -> Void
    ) {
        self.heartbeat = heartbeat
        self.notifier = notifier
        self.device = device
        self.budget = budget
        self.clock = clock
        self.logger = logger
        self.onHang = onHang
    }

    public func run() async throws {
        arm()
        await cancelWhenGracefulShutdown {
            await withDiscardingTaskGroup { group in
                group.addTask { await announce() }
                group.addTask { await feed() }
                // With nobody to feed this is all there is to do; it ends by cancellation too.
                group.addTask { try? await gracefulShutdown() }
            }
        }
        // The device keeps running where the agent ends for any other reason.
        guard Task.isShuttingDownGracefully else { return }
        attempt { try device?.release() }
        tell([.stopping])
    }

    /// The first beat, which systemd counts from on (also before the service is ready). A time-out that is
    /// longer than the lease allows is replaced by the longest one that keeps the promise.
    private func arm() {
        var lines = [SystemdNotifier.Line.status("waiting for the first session"), .alive]
        if let watchdog = notifier?.watchdog, watchdog > budget.timeout {
            logger.info(
                "shortening the service manager's watchdog to what the lease allows",
                metadata: ["from": "\(watchdog)", "to": "\(budget.timeout)"])
            lines.append(.watchdog(budget.timeout))
        }
        tell(lines)
    }

    /// Says once that the service has started.
    private func announce() async {
        await heartbeat.firstProof()
        guard !Task.isCancelled else { return }
        tell([.ready, .status("session proven")])
    }

    /// How long the pause between two beats may be: a quarter of the shortest time-out.
    private var interval: Duration? {
        let timeouts = [
            notifier?.watchdog.map { min($0, budget.timeout) },
            device.map { _ in budget.deviceTimeout },
        ]
        return timeouts.compactMap(\.self).min().map { $0 / 4 }
    }

    private func feed() async {
        guard let interval else { return }
        var looks = 0
        var wasProven = true
        while !Task.isCancelled {
            let now = clock.now
            switch heartbeat.pulse(at: now) {
            case .starting:
                beat(nil)
                await pause(until: now + interval)
            case .turning(let due, let isProven):
                looks = 0
                beat(isProven == wasProven ? nil : isProven)
                wasProven = isProven
                await pause(until: min(now + interval, due))
            case .overdue(let since):
                looks += 1
                // After a stall of the whole process the loop gets the moment that it needs to turn.
                if looks == 2 { alarm(overdueBy: since.duration(to: now)) }
                await pause(until: now + Self.secondLook)
            }
        }
    }

    private func beat(_ becameProven: Bool?) {
        attempt { try device?.feed() }
        let status = becameProven.map { $0 ? "session proven" : "session not proven" }
        tell([.alive] + (status.map { [.status($0)] } ?? []))
    }

    private func alarm(overdueBy time: Duration) {
        logger.critical(
            "the session's loop hangs, calling the watchdog", metadata: ["overdue": "\(time)"])
        tell([.broken])
        onHang()
    }

    private func tell(_ lines: [SystemdNotifier.Line]) { attempt { try notifier?.send(lines) } }

    private func attempt(_ action: () throws -> Void) {
        do {
            try action()
        } catch {
            logger.warning("cannot feed a watchdog", metadata: ["error": "\(error)"])
        }
    }

    private func pause(until instant: ContinuousClock.Instant) async {
        try? await clock.sleep(until: instant)  // Cancelled: the loop's condition sees it.
    }
}
