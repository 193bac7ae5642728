import CSimulationHook

/// One process of `metastack-node`: what its tasks run on, and whether it runs.
///
/// All its jobs wait in one queue that only the simulation's loop drains. A stalled process
/// (SIGSTOP) is one whose queue is not drained; a killed one (SIGKILL) has no effect on anything
/// from that instant on, and is unwound at once so that its memory is freed.
///
/// `@unchecked Sendable`: touched by the simulation's thread alone, which the fakes check.
final class Process: TaskExecutor, @unchecked Sendable {
    let name: String
    private let world: World
    private var jobs: [UnownedJob] = []
    /// The first job in ``jobs`` that has not run.
    private var head = 0
    private(set) var isAlive = true
    var isStalled = false
    /// Told when the process is killed: open connections and the like.
    var onDeath: [() -> Void] = []
    /// Runs once the process has run so many more jobs.
    private var ambush: (jobs: Int, action: () -> Void)?

    init(name: String, world: World) {
        self.name = name
        self.world = world
    }

    var hasWork: Bool { head < jobs.count }
    var isRunnable: Bool { hasWork && !isStalled }

    func enqueue(_ job: consuming ExecutorJob) { take(UnownedJob(job)) }

    func take(_ job: UnownedJob) {
        world.checkThread()
        jobs.append(job)
        world.noteReady(self)
    }

    /// Runs one job: mostly the first, sometimes a later one, as two threads would.
    func runOne() {
        let waiting = jobs.count - head
        let isUsual = waiting == 1 || world.random.next() & 7 != 0
        let index = isUsual ? head : head + world.random.below(waiting)
        let job = jobs[index]
        if index != head { jobs.swapAt(index, head) }
        head += 1
        if head == jobs.count {
            jobs.removeAll(keepingCapacity: true)
            head = 0
        }
        run(job)
        spring()
    }

    private func run(_ job: UnownedJob) {
        let outer = world.running
        world.running = self
        job.runSynchronously(on: asUnownedTaskExecutor())
        world.running = outer
    }

    private func spring() {
        guard let set = ambush else { return }
        guard set.jobs <= 0 else {
            ambush = (set.jobs - 1, set.action)
            return
        }
        ambush = nil
        set.action()
    }

    /// Does something between two steps of the process, whatever it is in the midst of then.
    func afterJobs(_ count: Int, _ action: @escaping () -> Void) { ambush = (count, action) }

    /// Ends the process: whatever it tries from here on is refused by everybody.
    func kill(_ root: Task<Void, Never>?) {
        isAlive = false
        isStalled = false
        ambush = nil
        onDeath.forEach { $0() }
        onDeath = []
        let outer = world.running
        world.running = self
        root?.cancel()
        world.running = outer
        while hasWork { runOne() }
    }
}

/// Takes the jobs that would go to the runtime's own threads: those of unstructured tasks. They
/// belong to the process whose code is running.
enum GlobalJobs {
    /// The world of this thread. One simulation runs at a time in a process.
    nonisolated(unsafe) static var world: World?

    static func catchThem() {
        simulation_offer_global_jobs { pointer in
            guard let pointer, let world = GlobalJobs.world, world.isOnThread,
                let process = world.running
            else { return false }
            process.take(unsafeBitCast(pointer, to: UnownedJob.self))
            return true
        }
    }
}
