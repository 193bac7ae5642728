import Logging
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore

/// A host with the agent on it, and what systemd does to both: starts the agent, starts it again
/// where it died, and suspends the guests of one that gives no sign of life.
///
/// `@unchecked Sendable`: see ``World``.
final class Node: @unchecked Sendable {
    let host: SimulatedHost
    private let fleet: SimulatedFleet
    private(set) var process: Process?
    private var root: Task<Void, Never>?
    private var runs = 0
    /// Whether the present process has all its parts.
    private var isPrepared = false
    /// When the present process began, or last woke.
    private(set) var livelySince = Moment.start
    private var heartbeat: Heartbeat
    /// When the present process gave its last sign of life.
    private var lastFed: Moment?
    private var overdueLooks = 0
    /// The present process's client of etcd.
    weak var client: SimulatedEtcd?
    /// When the lease was renewed last by a process that has ended or stalled.
    private var renewedAt: Moment?
    /// Until when nobody promises that this host's guests stand still in time.
    private(set) var unguardedUntil = Moment.start
    private(set) var fenced = 0
    private var world: World { fleet.world }
    private var ttl: Duration { fleet.options.ttl }

    init(host: SimulatedHost, fleet: SimulatedFleet) {
        self.host = host
        self.fleet = fleet
        heartbeat = Heartbeat(ttl: fleet.options.ttl)
    }

    var isLively: Bool { process.map { !$0.isStalled } ?? false }

    // MARK: The process

    func start() {
        guard process == nil, host.hasPower, !world.isOver else { return }
        runs += 1
        livelySince = world.now
        lastFed = nil
        heartbeat = Heartbeat(ttl: ttl)
        let process = Process(name: "\(host.id)#\(runs)", world: world)
        self.process = process
        world.note("\(process.name) starts")
        let parts = fleet.parts(for: self, process, heartbeat)
        isPrepared = false
        root = Task(executorPreference: process) { [self] in
            await live(process, parts)
        }
        let budget = WatchdogBudget(ttl: ttl)
        let delay = budget.fenceDelay(provenUntil: host.proof, at: host.clock.now)
        world.after(delay) { [self] in guardUntilPrepared(process) }
    }

    /// As `NodeService` does: the lease of the agent before does not wait for this one's parts.
    private func guardUntilPrepared(_ process: Process) {
        guard self.process === process, !isPrepared else { return }
        guard process.isStalled else { return fence() }
        world.after(Self.look) { [self] in guardUntilPrepared(process) }
    }

    private func live(_ process: Process, _ parts: Agent.Parts) async {
        var configuration = NodeConfiguration(name: host.id)
        configuration.node.leaseTTL = ttl
        configuration.node.reservedRAM = .zero
        let logger = fleet.logger(process.name)
        while process.isAlive {
            do {
                let agent = try await Agent(configuration, parts, logger: logger)
                isPrepared = true
                try await agent.run()
                guard process.isAlive else { return }
                fleet.oracle.violated("the agent of \(host.id) ended by itself")
                return
            } catch is SimulatedFailure {
                // As `NodeService` does with a part that is not there yet.
                // Cancelled: the process is dead.
                try? await parts.clock.sleep(until: parts.clock.now + .seconds(3))
            } catch is CancellationError {
                return
            } catch {
                if process.isAlive {
                    fleet.oracle.violated("the agent of \(host.id) ended: \(error)")
                }
                return
            }
        }
    }

    /// SIGKILL.
    func kill(restartAfter delay: Duration?) {
        guard let process else { return }
        renewedAt = client?.renewedAt ?? renewedAt
        noteLoss(client?.renewedAt)
        world.note("\(process.name) is killed")
        self.process = nil
        process.kill(root)
        root = nil
        guard let delay else { return }
        world.after(delay) { [self] in start() }
        guard fleet.options.hasWatchdog, delay > Self.patience else { return }
        world.after(Self.patience) { [self] in
            if self.process == nil { fence() }
        }
    }

    func stall() {
        guard let process, !process.isStalled else { return }
        renewedAt = client?.renewedAt ?? renewedAt
        noteLoss(renewedAt)
        // What it had to tell the service manager it told at once, and not at the next look.
        if isFed(at: host.clock.now) { lastFed = world.now }
        world.note("\(process.name) stalls")
        process.isStalled = true
    }

    /// The watchdog's sum begins with a session that was renewed when it was due. An agent that has
    /// been cut off for a while and then stalls, just before it would have suspended its guests, has
    /// had two faults in one lease.
    private func noteLoss(_ renewedAt: Moment?) {
        guard let renewed = renewedAt else { return }
        if world.now - renewed > ttl / 3 + .milliseconds(100) {
            unguardedUntil = world.now + ttl * 2
        }
    }

    func wake() {
        guard let process, process.isStalled else { return }
        world.note("\(process.name) wakes")
        livelySince = world.now
        process.isStalled = false
    }

    func losePower(for time: Duration) {
        guard host.hasPower else { return }
        world.note("host \(host.number) loses power")
        host.losePower()
        kill(restartAfter: nil)
        world.after(time) { [self] in regainPower() }
    }

    func regainPower() {
        guard !host.hasPower else { return }
        host.regainPower()
        start()
    }

    // MARK: The service manager

    /// Between two looks at the agent's signs of life.
    private static let look = Duration.milliseconds(50)
    /// How long systemd tries to start an agent again before it gives up (`StartLimitBurst`).
    private static let patience = Duration.milliseconds(600)

    /// Kills an agent whose loops do not go round, and suspends its guests.
    func watch() {
        world.after(Self.look) { [self] in
            if process != nil, isOverdue() {
                world.note("the watchdog ends the agent of \(host.id)")
                kill(restartAfter: world.duration(.milliseconds(100), .milliseconds(700)))
                fence()
            }
            watch()
        }
    }

    private func isOverdue() -> Bool {
        let timeout = WatchdogBudget(ttl: ttl).timeout
        if isLively {
            switch heartbeat.pulse(at: host.clock.now) {
            case .starting, .turning:
                lastFed = world.now
                overdueLooks = 0
            case .overdue:
                overdueLooks += 1
                if overdueLooks > 2 { return true }
            }
        }
        return lastFed.map { world.now - $0 > timeout } ?? false
    }

    private func isFed(at now: ContinuousClock.Instant) -> Bool {
        switch heartbeat.pulse(at: now) {
        case .overdue: false
        case .starting, .turning: true
        }
    }

    /// `metastack-node fence`: suspends the host's guests, and ends those for whom libvirt has no answer.
    private func fence() {
        guard host.hasPower else { return }
        for domain in host.domains.values.filter(\.isRunning).sorted(by: { $0.vm < $1.vm }) {
            fenced += 1
            if host.hasLibvirt, !domain.isDeaf {
                // It is there.
                try? host.standStill(domain.vm)
            } else {
                world.after(WatchdogBudget(ttl: ttl).fence) { [self] in
                    if host.domains[domain.vm] === domain { host.kill(domain.vm) }
                }
            }
        }
    }
}
