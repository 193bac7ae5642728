import Foundation
import MetaStackTesting

/// A row of seeds. Stops at the first that fails.
struct Campaign {
    let shape: Shape
    let mutation: Mutation?
    let first: UInt64
    let count: UInt64
    /// Of a failing seed's trace.
    let lines: Int
    private var totals = Totals()

    init(shape: Shape, mutation: Mutation?, first: UInt64, count: UInt64, lines: Int) {
        self.shape = shape
        self.mutation = mutation
        self.first = first
        self.count = count
        self.lines = lines
    }

    /// - Returns: whether a seed failed.
    mutating func run() throws -> Bool {
        let start = ContinuousClock.now
        for seed in first..<(first + count) {
            let outcome = try Simulation.run(shape.options(seed, mutation))
            totals.add(outcome)
            if outcome.violation != nil {
                try show(seed)
                print(totals.text(in: start.duration(to: .now)))
                return true
            }
        }
        print(totals.text(in: start.duration(to: .now)))
        return false
    }

    /// Runs the seed once more, now with an eye on it.
    private func show(_ seed: UInt64) throws {
        let trace = Trace(kept: lines)
        let outcome = try Simulation.run(shape.options(seed, mutation), trace: trace)
        for line in trace.lines.suffix(lines) { print(line) }
        print(Report(outcome).text)
        let words = ["metastack-sim", "--seed", "\(seed)"] + shape.arguments(mutation)
        print("replay with: swift run -c release " + words.joined(separator: " "))
    }

    /// Shares the seeds among processes of this program, each with a row of its own, and prints
    /// what each of them says.
    ///
    /// - Returns: whether one failed.
    func run(jobs: Int) throws -> Bool {
        let share = (count + UInt64(jobs) - 1) / UInt64(jobs)
        var workers: [Process] = []
        for job in 0..<UInt64(jobs) where job * share < count {
            let worker = Process()
            worker.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            worker.arguments =
                [
                    "--first", "\(first + job * share)", "--seeds",
                    "\(min(share, count - job * share))", "--lines", "\(lines)",
                ] + shape.arguments(mutation)
            try worker.run()
            workers.append(worker)
        }
        for worker in workers { worker.waitUntilExit() }
        return workers.contains { $0.terminationStatus != 0 }
    }
}
