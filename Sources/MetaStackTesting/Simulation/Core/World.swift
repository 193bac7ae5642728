import Foundation

/// Virtual time, the seed's chance, and the one loop that runs everything.
///
/// `@unchecked Sendable`: everything in a simulation is touched by one thread, which
/// ``checkThread()`` asserts wherever the agent's code comes in.
final class World: @unchecked Sendable {
    private(set) var now = Moment.start
    /// Of the network, the machines and the order of things.
    var random: SeededGenerator
    let trace: Trace
    /// The process whose code runs at this instant.
    var running: Process?
    private var timeline = Timeline()
    private var ready: [Process] = []
    private let thread = pthread_self()
    /// How many events and jobs there were.
    private(set) var steps = 0
    /// Set by the oracle: the loop ends.
    var isOver = false

    init(seed: UInt64, trace: Trace) {
        random = SeededGenerator(seed: seed)
        self.trace = trace
        GlobalJobs.world = self
        GlobalJobs.catchThem()
    }

    // MARK: Thread

    var isOnThread: Bool { pthread_equal(thread, pthread_self()) != 0 }

    func checkThread() {
        precondition(isOnThread, "a job has escaped to another thread than the simulation's")
    }

    // MARK: Time

    func after(_ delay: Duration, _ action: @escaping () -> Void) {
        at(now + max(.zero, delay), action)
    }

    func at(_ moment: Moment, _ action: @escaping () -> Void) {
        timeline.add(.init(moment: max(moment, now), tie: random.next(), action: action))
    }

    /// Runs until nothing is left before `end`, or the oracle has seen enough.
    func run(until end: Moment) {
        runJobs()
        while !isOver, let next = timeline.next, next <= end, let event = timeline.removeFirst() {
            now = event.moment
            steps += 1
            event.action()
            runJobs()
        }
        if !isOver { now = max(now, end) }
    }

    /// Forgets what was going to happen; for the end.
    func stop() {
        timeline.removeAll()
        isOver = true
        GlobalJobs.world = nil
    }

    // MARK: Jobs

    func noteReady(_ process: Process) {
        if !ready.contains(where: { $0 === process }) { ready.append(process) }
    }

    /// Runs what can run, the processes in an order that the seed gives.
    private func runJobs() {
        while !isOver {
            ready.removeAll { !$0.hasWork }
            let runnable = ready.count == 1 ? ready : ready.filter { $0.isRunnable }
            guard let first = runnable.first, first.isRunnable else { return }
            let chosen = runnable.count == 1 ? first : runnable[random.below(runnable.count)]
            steps += 1
            chosen.runOne()
        }
    }

    /// Depends on everything that has happened.
    var fingerprint: UInt64 {
        var copy = random
        return copy.next() ^ UInt64(truncatingIfNeeded: steps) &* 0x9e37_79b9_7f4a_7c15
    }

    // MARK: Chance

    func chance(_ probability: Double) -> Bool { random.chance(probability) }

    func duration(_ from: Duration, _ to: Duration) -> Duration { random.duration(from, to) }

    func note(_ words: @autoclosure () -> String) {
        if trace.isOn { trace.add(now, words()) }
    }
}

extension SeededGenerator {
    mutating func below(_ limit: Int) -> Int {
        Int(next().multipliedFullWidth(by: UInt64(limit)).high)
    }

    mutating func chance(_ probability: Double) -> Bool {
        probability > 0 && Double(next() >> 11) < probability * Double(1 << 53)
    }

    mutating func duration(_ from: Duration, _ to: Duration) -> Duration {
        let (low, high) = (from.nanoseconds, to.nanoseconds)
        guard high > low else { return from }
        return .nanoseconds(low + Int64(below(Int(high - low + 1))))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element? {
        elements.isEmpty ? nil : elements[below(elements.count)]
    }
}
