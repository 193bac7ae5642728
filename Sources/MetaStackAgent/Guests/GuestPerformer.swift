import Foundation
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import Synchronization

/// Performs what ``GuestRules`` says about one VM. Each step is one function; none decides.
struct GuestPerformer: Sendable {
    /// What a step led to.
    enum Outcome: Sendable {
        /// Nothing more to do until something changes.
        case settled
        case again(after: Duration)
        /// Records were written; go on when they are in view.
        case wrote(Revision)
        /// Something was done to the domain; look at it and go on.
        case acted
    }

    let view: NodeView
    let store: ClusterStore
    let transactions: VMTransactions
    let hypervisor: any Hypervisor
    let storage: any BlockStorage
    let settings: GuestSettings
    let clock: any NodeClock
    let random: any NodeRandom
    let logger: Logger
    let memory = GuestMemory()
    let claims: ClaimBatcher
    let starts: StartSlots
    /// nil where nobody makes networks.
    let networks: NetworkKeeper?

    init(
        view: NodeView, store: ClusterStore, hypervisor: any Hypervisor,
        storage: any BlockStorage, settings: GuestSettings, networks: NetworkKeeper?,
        queue: WorkQueue<VMID>,
        clock: any NodeClock, random: any NodeRandom, logger: Logger
    ) {
        self.view = view
        self.store = store
        transactions = VMTransactions(store: store, me: view.me)
        self.hypervisor = hypervisor
        self.storage = storage
        self.settings = settings
        self.networks = networks
        self.clock = clock
        self.random = random
        self.logger = logger
        claims = ClaimBatcher(
            transactions, share: { view.share },
            setOut: { [memory] in view.isPending($0) && memory.sendClaim(of: $0) },
            isComing: { queue.isBusy($0) })
        starts = StartSlots(settings.startConcurrency)
    }

    func perform(_ step: GuestStep, _ situation: GuestSituation) async throws -> Outcome {
        switch step {
        case .none:
            if situation.isOver {
                memory.forget(situation.vm)
            } else {
                memory.forgetWaiting(situation.vm)
            }
            return .settled
        case .handsOff(let record):
            logger.debug("hands off", metadata: ["vm": "\(situation.vm)", "error": "\(record)"])
            return .settled
        case .holdBack(let hold): return holdBack(hold, situation)
        case .claimToRun: return try await claimToRun(situation)
        case .claimToCleanUp(let revision): return try await claimToCleanUp(revision, situation)
        case .claimInPlace(let domain): return try await claimInPlace(domain, situation)
        case .destroyStray(_, let reason), .destroy(let reason):
            return try await destroy(situation, reason)
        case .liftEvictions(let evicted): return try await lift(evicted, situation)
        case .removeOrphans(let images): return try await removeOrphans(images, situation)
        case .carryOver: return try await carryOver(situation)
        case .provision(let volume): return try await provision(volume, situation)
        case .describeSeed(let seed): return try await describeSeed(seed, situation)
        case .makeSeed(let seed): return try await makeSeed(seed, situation)
        case .start: return try await start(situation)
        case .resume: return try await resume(situation)
        case .examineWriteError: return try await examineWriteError(situation)
        case .giveUp(let reason): return try await giveUp(situation, reason)
        case .changeNICs(let step): return try await changeNICs(step, situation)
        case .report(let state, let message): return try await report(state, message, situation)
        case .noteExit(let exit): return try await noteExit(exit, situation)
        case .shutDown: return try await shutDown(situation)
        case .removeVolumes: return try await removeVolumes(situation)
        case .forget: return try await forget(situation)
        case .release: return try await release(situation)
        case .beginMove(let plan): return try await beginMove(plan, situation)
        case .goOnWithMove(let move, let arrival):
            return try await goOnWithMove(move, arrival, situation)
        case .handOver(let move, let arrival):
            return try await handOver(move, arrival, situation)
        case .endMove(let reason): return try await endMove(reason, situation)
        case .answerMove(let claim): return try await answerMove(claim, situation)
        case .withdrawAnswer: return try await withdrawAnswer(situation)
        }
    }

    /// The logger of one VM's life: grep its id and read it.
    func log(_ situation: GuestSituation, _ incarnation: Incarnation? = nil) -> Logger {
        var logger = logger
        logger[metadataKey: "vm"] = "\(situation.vm)"
        let incarnation = incarnation ?? situation.claim?.incarnation
        if let incarnation { logger[metadataKey: "incarnation"] = "\(incarnation)" }
        return logger
    }

    /// How long something took, for a record of the log.
    func milliseconds(since began: ContinuousClock.Instant) -> Logger.MetadataValue {
        "\(Int(began.duration(to: clock.now) / .milliseconds(1)))"
    }

    /// The claim that a step with this node's claim rests on.
    func ownClaim(_ situation: GuestSituation) throws -> Stored<ActualVM> {
        guard let claim = situation.claim, claim.value.host == view.me else {
            throw GuestStepError.notOwned(situation.vm)
        }
        return claim
    }

    /// Adds to a situation of this node's VM whether it shall move, as far as this agent has tried.
    ///
    /// - Returns: after which time a move that came to nothing is to be tried again.
    func addMove(to situation: inout GuestSituation) -> Duration? {
        guard situation.claim?.value.host == view.me else { return nil }
        let vm = situation.vm
        let (underway, failure) = memory.state.withLock { ($0.moves[vm], $0.moveFailures[vm]) }
        situation.hasBegunMove = underway != nil && underway?.id == situation.claim?.value.move?.id
        situation.move = verdict(on: vm, in: view.cluster)
        var delay: Duration?
        switch situation.move {
        case .stay:
            memory.state.withLock { _ = $0.moveFailures.removeValue(forKey: vm) }
        case .go(let plan):
            guard let failure, failure.order == plan.order, !situation.hasBegunMove else { break }
            situation.moveNote = failure.text
            let now = clock.now
            if failure.until > now {
                situation.move = .wait
                delay = now.duration(to: failure.until)
            }
        case .stuck(let reason): situation.moveNote = "cannot move: \(reason)"
        case .wait: situation.moveNote = failure?.text
        }
        view.noteWaitingToMove(vm, situation.move != .stay)
        return delay
    }

    /// What the records ask of the VM, and where they ask nothing, what evens out load.
    func verdict(on vm: VMID, in cluster: Cluster) -> MoveRules.Verdict {
        let rules = MoveRules(cluster)
        let verdict = rules.verdict(on: vm)
        guard verdict == .stay, let step = memory.state.withLock({ $0.rebalance[vm] }),
            cluster.actualVMs[vm]?.value.host == step.from,
            cluster.rebalancePolicy?.value.state == .on
        else { return verdict }
        return rules.verdict(on: vm, by: step)
    }

    /// Another look at how load is shared: this node's part of it, in place of an earlier one.
    func rebalance(_ steps: [Rebalance.Step]) {
        let mine = steps.filter { $0.from == view.me }
        memory.state.withLock { state in
            state.rebalance = Dictionary(uniqueKeysWithValues: mine.map { ($0.vm, $0) })
        }
        for step in mine {
            logger.info(
                "moving a VM to share load",
                metadata: [
                    "vm": "\(step.vm)", "to": "\(step.to)", "before": "\(step.before / 10) %",
                    "after": "\(step.after / 10) %",
                ])
        }
    }

    /// What a transaction's result means for the next look.
    func outcome(_ result: WriteResult, _ situation: GuestSituation) -> Outcome {
        switch result {
        case .written(let revision):
            memory.state.withLock { _ = $0.conflicts.removeValue(forKey: situation.vm) }
            return .wrote(revision)
        case .conflict:
            let times = memory.state.withLock { state in
                state.conflicts[situation.vm, default: 0] += 1
                return state.conflicts[situation.vm, default: 1]
            }
            log(situation).debug("a record changed meanwhile, looking again")
            return .again(after: min(.milliseconds(10) * (1 << min(times, 16)), .seconds(1)))
        }
    }
}

/// What the deployment and this node's configuration say of every guest.
struct GuestSettings: Sendable {
    var vmPool: PoolName
    /// Where guests' serial consoles are logged.
    var consoleDirectory: String
    /// How many guests are created at a time.
    var startConcurrency: Int
    /// How long a guest may take to shut down before it is ended.
    var grace = Duration.seconds(30)
    /// A guest that is still booting misses the first request.
    var shutDownAgainAfter = Duration.seconds(3)
    /// How much later each further candidate tries (design, 3.3).
    var slot = Duration.milliseconds(100)
    /// How long a better candidate is waited for as long as it is seen to claim others.
    var longestHerd = Duration.seconds(3)
    /// How long a node that could not run a VM leaves it to others: doubled each time in a row.
    var declineFor = Duration.seconds(10)
    var longestDecline = Duration.seconds(600)
    /// How long after its maker has died an image may still come into being, by what it had sent: the
    /// host's kernel goes on sending.
    var makersLast = Duration.seconds(30)
    /// How long the target of a move may take to answer.
    var answerWithin = Duration.seconds(10)
    /// How long a VM that could not be moved is left: doubled each time in a row.
    var moveAgainAfter = Duration.seconds(10)
    /// How long etcd may be away while a guest stands at its target and waits for its claim.
    var handOverWithin = Duration.seconds(600)
    /// Between two looks at a move that is under way.
    var lookAtMoveEvery = Duration.milliseconds(250)
    /// How long a guest that stopped at a write error is left before it is let try again.
    var resumeAgainAfter = Duration.seconds(5)

    /// How long a guest may take to let a NIC go, or a NIC that could not be plugged in is left: doubled
    /// each time in a row.
    var nicAgainAfter = Duration.seconds(5)

    func console(of vm: VMID) -> String { "\(consoleDirectory)/\(vm).log" }
}

/// A step that cannot be done.
enum GuestStepError: Error, CustomStringConvertible {
    case notOwned(VMID)
    case imageNotReady(VolumeID, ImageID?)
    case noClients(VMID)
    case networkRefused(NetworkID, String)

    var description: String {
        switch self {
        case .notOwned(let vm): "VM \(vm) is not this node's"
        case .imageNotReady(let volume, let image):
            "cannot make disk \(volume): image \(image?.text ?? "?") is not ready any more"
        case .networkRefused(let network, let reason):
            "network \(network) cannot be on this host: \(reason)"
        case .noClients(let vm):
            "the new guest of VM \(vm) has not opened its disks, so it could not be fenced"
        }
    }
}
