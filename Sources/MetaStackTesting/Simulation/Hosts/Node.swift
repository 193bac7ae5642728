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
    /// When the present process began, or last woke.
    private(set) var livelySince = Moment.start
    /// The send time of the last keepalive that any process of this host saw acknowledged.
    private(set) var provenSend = Moment.start
    private var hasRenewed = false
    private(set) var fenced = 0
    private var world: World { fleet.world }
    private var ttl: Duration { fleet.options.ttl }

    init(host: SimulatedHost, fleet: SimulatedFleet) {
        self.host = host
        self.fleet = fleet
    }

    var isLively: Bool { process.map { !$0.isStalled } ?? false }

    // MARK: The process

    func start() {
        guard process == nil, host.hasPower, !world.isOver else { return }
        runs += 1
        livelySince = world.now
        hasRenewed = false
        let process = Process(name: "\(host.id)#\(runs)", world: world)
        self.process = process
        world.note("\(process.name) starts")
        let parts = fleet.parts(for: self, process)
        root = Task(executorPreference: process) { [self] in
            await live(process, parts)
        }
    }

    private func live(_ process: Process, _ parts: Agent.Parts) async {
        var configuration = NodeConfiguration(name: host.id)
        configuration.node.leaseTTL = ttl
        configuration.node.reservedRAM = .zero
        let logger = fleet.logger(process.name)
        while process.isAlive {
            do {
                let agent = try await Agent(configuration, parts, logger: logger)
                try await agent.run()
                guard process.isAlive else { return }
                fleet.oracle.violated("the agent of \(host.id) ended by itself")
                return
            } catch is SimulatedFailure {
                // As `NodeService` does with a part that is not there yet.
                try? await parts.clock.sleep(until: parts.clock.now + .seconds(3))  // Cancelled.
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

    func noteRenewal(_ sent: Moment, by process: Process) {
        guard process === self.process else { return }
        hasRenewed = true
        provenSend = max(provenSend, sent)
    }

    /// SIGKILL.
    func kill(restartAfter delay: Duration?) {
        guard let process else { return }
        world.note("\(process.name) is killed")
        self.process = nil
        process.kill(root)
        root = nil
        if let delay { world.after(delay) { [self] in start() } }
    }

    func stall() {
        guard let process, !process.isStalled else { return }
        world.note("\(process.name) stalls")
        process.isStalled = true
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
        world.after(time) { [self] in
            host.regainPower()
            start()
        }
    }

    // MARK: The watchdog

    private static let look = Duration.milliseconds(100)

    /// Suspends the guests of an agent that has not proven its session for a TTL less the margin,
    /// where the agent is dead or stalled, or has not come so far since it was started.
    func watch() {
        world.after(Self.look) { [self] in
            let margin = max(ttl / 5, .milliseconds(500))
            let isHealthy = isLively && hasRenewed
            if !isHealthy, world.now >= provenSend + (ttl - margin), host.hasLibvirt {
                for vm in host.domains.values.filter(\.isRunning).map(\.vm).sorted() {
                    world.note("the watchdog suspends vm \(vm) on host \(host.number)")
                    fenced += 1
                    // libvirt is there.
                    try? host.suspend(vm)
                }
            }
            watch()
        }
    }
}
