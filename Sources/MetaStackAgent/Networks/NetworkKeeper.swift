import LinuxNetwork
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore

/// Keeps this host's networks as the records want them: before a guest starts, and whenever something
/// has changed.
///
/// One pass at a time, each with the state as it is when the pass begins; who comes during one waits
/// for the next, and many wait for the same.
actor NetworkKeeper {
    private let network: any GuestNetwork
    private let view: NodeView
    private let clock: any NodeClock
    private let logger: Logger
    private var schedule: LookSchedule
    /// What was made last; nil where that is not known.
    private var made: HostNetworks?
    private var ports: [GuestPort] = []
    private var arrived: Set<VMID> = []
    private var last: Result<GuestNetworkReport, any Error> = .success(GuestNetworkReport())
    private var problems: [NetworkID: String] = [:]
    private var withoutMetadata: [NetworkID: String] = [:]
    private var begun = 0
    private var ended = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(network: any GuestNetwork, view: NodeView, clock: any NodeClock, logger: Logger) {
        self.network = network
        self.view = view
        self.clock = clock
        self.logger = logger
        var hash = StableHash()
        hash.combine(view.me.text)
        schedule = LookSchedule(at: clock.now, share: Double(hash.finalize() >> 11) / 0x1p53)
    }

    /// When ``convergeIfNeeded()`` has to look for damage next.
    var nextLook: ContinuousClock.Instant { schedule.due }

    /// The same, where something else is wanted than was made last, or where it is time to look whether
    /// what was made is damaged.
    func convergeIfNeeded() async throws {
        let wanted = wanted()
        if let made, made == wanted {
            guard schedule.due <= clock.now else { return }
            // There is nothing to look at.
            if made.ports.isEmpty {
                schedule.begin(at: clock.now)
                return schedule.end(at: clock.now, isWell: true)
            }
        }
        try await converge()
    }

    /// Hears what the kernel tells, until the task is cancelled.
    ///
    /// - Parameter sooner: is called where the next look may be due earlier.
    func listen(_ sooner: @Sendable () -> Void) async {
        do {
            for await _ in try await network.damage() where schedule.changed(at: clock.now) {
                sooner()
            }
            if Task.isCancelled { return }
            logger.error("nobody tells of changes to guests' networks any more")
        } catch {
            if Task.isCancelled { return }
            logger.warning(
                "nobody tells of changes to guests' networks, looking every ten seconds",
                metadata: ["error": "\(error)"])
        }
        schedule.isNotTold(at: clock.now)
        sooner()
    }

    /// Makes the networks as they are wanted now.
    ///
    /// - Throws: where the host refuses; the same may go well later.
    @discardableResult
    func converge() async throws -> GuestNetworkReport {
        // One that runs already may have looked before the caller's change.
        let needed = begun + 1
        while begun > ended { await withCheckedContinuation { waiting.append($0) } }
        if ended < needed { await pass() }
        return try last.get()
    }

    private func pass() async {
        begun += 1
        let wanted = wanted()
        schedule.begin(at: clock.now)
        do {
            let report = try await network.converge(wanted)
            last = .success(report)
            made = wanted
            ports = wanted.ports
            schedule.end(at: clock.now, isWell: report.isWell)
            tell(report)
        } catch {
            last = .failure(error)
            made = nil
            schedule.end(at: clock.now, isWell: false)
        }
        ended = begun
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }

    private func wanted() -> HostNetworks {
        let me = view.me
        let (ports, before) = (ports, arrived)
        let (wanted, arrived) = view.read { state in
            // Once it has come it stays one that came, as long as it is here.
            let coming = state.cluster.actualVMs.filter { $0.value.value.move?.to == me }.map(\.key)
            let arrived = before.filter {
                state.domains[$0] != nil || state.cluster.actualVMs[$0]?.value.host == me
            }.union(coming)
            let wanted = HostNetworks(
                of: me, in: state.cluster,
                ends: Set(state.domains.values.flatMap { $0.nics.map(\.interface) }),
                former: ports, arrived: arrived)
            return (wanted, arrived)
        }
        self.arrived = arrived
        return wanted
    }

    private func tell(_ report: GuestNetworkReport) {
        for (id, problem) in report.problems.sorted(by: { $0.key < $1.key })
        where problems[id] != problem {
            logger.error(
                "a network cannot be here", metadata: ["network": "\(id)", "error": "\(problem)"])
        }
        problems = report.problems
        for (id, problem) in report.withoutMetadata.sorted(by: { $0.key < $1.key })
        where withoutMetadata[id] != problem {
            logger.warning(
                "a network has no metadata server, trying again",
                metadata: ["network": "\(id)", "error": "\(problem)"])
        }
        withoutMetadata = report.withoutMetadata
    }
}
