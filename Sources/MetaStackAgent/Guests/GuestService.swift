import Logging
import MetaStackDecisions
import MetaStackModel
import ServiceLifecycle
import Synchronization

/// Brings each VM that concerns this node from what is so to what is wanted, one step at a time.
///
/// A name comes up in the queue because something about it changed; what to do is read from the
/// state alone. Ends by cancellation, at once, and leaves every guest as it is.
struct GuestService: Service {
    let view: NodeView
    let queue: WorkQueue<VMID>
    let performer: GuestPerformer
    let domains: LocalDomains
    let clock: any NodeClock
    let logger: Logger
    private let failures = Failures()

    init(
        view: NodeView, queue: WorkQueue<VMID>, performer: GuestPerformer, domains: LocalDomains,
        clock: any NodeClock, logger: Logger
    ) {
        self.view = view
        self.queue = queue
        self.performer = performer
        self.domains = domains
        self.clock = clock
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await queue.run { await reconcile($0) }
        }
    }

    private func reconcile(_ vm: VMID) async {
        do {
            if let delay = try await oneStep(vm) { queue.mark(vm, after: delay) }
            failures.forget(vm)
        } catch is CancellationError {
            return
        } catch {
            let delay = failures.count(vm)
            logger.warning(
                "a step failed, trying again",
                metadata: ["vm": "\(vm)", "error": "\(error)", "after": "\(delay)"])
            queue.mark(vm, after: delay)
        }
    }

    /// - Returns: after which time to look again; nil where the next change is soon enough.
    private func oneStep(_ vm: VMID) async throws -> Duration? {
        // Without a session nothing can be proven: the beginning of one brings every VM up again.
        let now = clock.now
        guard let lease = view.provenLease(at: now),
            var situation = view.situation(of: vm, lease: lease, at: now)
        else { return nil }
        if let movesAgain = performer.addMove(to: &situation) { queue.mark(vm, after: movesAgain) }
        var triesAgain = performer.addNICs(to: &situation)
        var step = GuestRules.next(situation)
        if step.restsOnAbsence {
            situation.domain = try await domains.refresh(vm)
            triesAgain = performer.addNICs(to: &situation)
            step = GuestRules.next(situation)
        }
        if let triesAgain { queue.mark(vm, after: triesAgain) }
        switch try await performer.perform(step, situation) {
        case .settled: return nil
        case .again(let delay): return delay
        case .wrote(let revision):
            view.noteOwnWrite(vm, revision)
            queue.mark(vm)
            return nil
        case .acted:
            try await domains.refresh(vm)
            queue.mark(vm)
            return nil
        }
    }
}

extension GuestStep {
    /// Whether it would be a mistake where the VM had a domain here after all.
    fileprivate var restsOnAbsence: Bool {
        switch self {
        case .start, .noteExit, .release, .removeVolumes, .forget, .liftEvictions, .handOver,
            .changeNICs(.record):
            true
        case .none, .handsOff, .claimToRun, .claimToCleanUp, .claimInPlace, .destroyStray,
            .carryOver, .provision, .describeSeed, .makeSeed, .resume, .report, .shutDown, .destroy,
            .holdBack,
            .examineWriteError, .giveUp, .removeOrphans, .beginMove, .goOnWithMove, .endMove,
            .answerMove, .withdrawAnswer, .changeNICs:
            false
        }
    }
}

/// How often each VM's step failed in a row, and so how long to wait.
private final class Failures: Sendable {
    private static let longest = Duration.seconds(30)
    private let counts = Mutex<[VMID: Int]>([:])

    func count(_ vm: VMID) -> Duration {
        let count = counts.withLock { counts in
            counts[vm, default: 0] += 1
            return counts[vm] ?? 1
        }
        return min(Duration.milliseconds(100) * (1 << min(count, 10)), Self.longest)
    }

    func forget(_ vm: VMID) {
        counts.withLock { $0[vm] = nil }
    }
}
