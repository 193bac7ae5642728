import Foundation
import MetaStackTesting
import Synchronization

/// Many seeds, in chunks: this process runs them itself, or shares them among others.
///
/// A chunk is a process of its own where several run at a time, so that a simulation has a whole
/// process's thread, and what one leaves behind is gone with it.
final class Campaign: Sendable {
    private static let chunk: UInt64 = 50
    private static let progressEvery = Duration.seconds(30)

    private struct State {
        var next: UInt64
        var totals = Totals()
        var isFailing = false
        var lastProgress = ContinuousClock.now
        var failure: (any Error)?
    }

    private let shape: Shape
    private let mutation: Mutation?
    private let end: UInt64
    /// It ends when so many seeds have failed.
    private let failures: Int
    /// Of a failing seed's trace.
    private let lines: Int
    private let start = ContinuousClock.now
    private let state: Mutex<State>

    init(
        shape: Shape, mutation: Mutation?, seeds: Range<UInt64>, failures: Int, lines: Int
    ) {
        self.shape = shape
        self.mutation = mutation
        end = seeds.upperBound
        self.failures = failures
        self.lines = lines
        state = Mutex(State(next: seeds.lowerBound))
    }

    /// - Returns: whether a seed failed.
    func run(jobs: Int) throws -> Bool {
        if jobs > 1 {
            DispatchQueue.concurrentPerform(iterations: jobs) { _ in work(Worker.run) }
        } else {
            work { try Self.totals(of: $1, $0) }
        }
        let (totals, failure) = state.withLock { ($0.totals, $0.failure) }
        if let failure { throw failure }
        print(totals.text(in: start.duration(to: .now)))
        return !totals.failed.isEmpty
    }

    /// One chunk's seeds after each other in this process, up to the last failure that is wanted.
    static func totals(of seeds: Range<UInt64>, _ plan: Plan) throws -> Totals {
        var totals = Totals()
        for seed in seeds {
            totals.add(try Simulation.run(plan.shape.options(seed, plan.mutation)))
            if totals.failed.count >= plan.failures { break }
        }
        return totals
    }

    /// What is the same for all chunks.
    struct Plan: Sendable {
        var shape: Shape
        var mutation: Mutation?
        var failures: Int
    }

    // MARK: Chunks

    private func work(_ run: (Plan, Range<UInt64>) throws -> Totals) {
        while let (seeds, wanted) = nextChunk() {
            do {
                take(try run(Plan(shape: shape, mutation: mutation, failures: wanted), seeds))
            } catch {
                state.withLock { $0.failure = error }
            }
        }
    }

    private func nextChunk() -> (Range<UInt64>, failures: Int)? {
        state.withLock { state in
            let wanted = failures - state.totals.failed.count
            guard state.failure == nil, wanted > 0, state.next < end else { return nil }
            let seeds = state.next..<min(end, state.next + Self.chunk)
            state.next = seeds.upperBound
            return (seeds, wanted)
        }
    }

    private func take(_ chunk: Totals) {
        state.withLock { state in
            state.totals.add(chunk)
            for outcome in chunk.failed { show(outcome) }
            guard state.lastProgress.duration(to: .now) >= Self.progressEvery else { return }
            state.lastProgress = .now
            print(state.totals.progress(in: start.duration(to: .now)))
            fflush(nil)
        }
    }

    /// Runs the seed once more, now with an eye on it.
    private func show(_ failed: Simulation.Outcome) {
        let words = ["metastack-sim", "--seed", "\(failed.seed)"] + shape.arguments(mutation)
        if lines > 0 {
            let trace = Trace(kept: lines)
            // What it says is in the report of its first run already.
            _ = try? Simulation.run(shape.options(failed.seed, mutation), trace: trace)
            for line in trace.lines.suffix(lines) { print(line) }
        }
        print(Report(failed).text)
        print("replay with: swift run -c release " + words.joined(separator: " "))
        fflush(nil)
    }
}
