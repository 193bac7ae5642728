import MetaStackTesting

/// One seed's result in words.
struct Report {
    let outcome: Simulation.Outcome

    init(_ outcome: Simulation.Outcome) { self.outcome = outcome }

    var text: String {
        let verdict = outcome.violation.map { "FAILED: \($0)" } ?? "held"
        return "seed \(outcome.seed) \(verdict) (\(outcome.steps) steps, \(outcome.boots) starts, "
            + "\(outcome.takeovers) takeovers, at rest after \(outcome.settled), fingerprint "
            + "\(String(outcome.fingerprint, radix: 16)))"
    }
}

/// What many seeds came to.
struct Totals: Codable {
    private var seeds: UInt64 = 0
    private var steps = 0
    private var boots = 0
    private var takeovers = 0
    private var moves = 0
    private var writes = 0
    private var virtual = Duration.zero
    /// Milliseconds until all was at rest, with the number of seeds that took so long.
    private var settled: [Int64: Int] = [:]
    private var faults: [FaultKind: Int] = [:]
    private(set) var failed: [Simulation.Outcome] = []

    mutating func add(_ outcome: Simulation.Outcome) {
        seeds += 1
        steps += outcome.steps
        boots += outcome.boots
        takeovers += outcome.takeovers
        moves += outcome.moves
        writes += outcome.writes
        virtual += outcome.time
        settled[Int64(outcome.settled / .milliseconds(1)), default: 0] += 1
        faults.merge(outcome.faults, uniquingKeysWith: +)
        if outcome.violation != nil { failed.append(outcome) }
    }

    mutating func add(_ other: Totals) {
        seeds += other.seeds
        steps += other.steps
        boots += other.boots
        takeovers += other.takeovers
        moves += other.moves
        writes += other.writes
        virtual += other.virtual
        settled.merge(other.settled, uniquingKeysWith: +)
        faults.merge(other.faults, uniquingKeysWith: +)
        failed += other.failed
    }

    /// One line.
    func progress(in time: Duration) -> String {
        let seconds = time / .seconds(1)
        let rate = seconds > 0 ? Double(seeds) / seconds : 0
        return "\(seeds) seeds in \(Self.rounded(seconds)) s, \(Self.rounded(rate)) seeds per "
            + "second, \(failed.count) failed"
    }

    func text(in time: Duration) -> String {
        var lines = [
            progress(in: time),
            "\(Self.rounded(virtual / .seconds(3600))) hours of virtual time, \(steps) steps",
            "\(boots) guest starts, \(takeovers) takeovers, \(moves) moves, \(writes) guest writes",
            "at rest after the last fault: p50 \(settled(0.5)) s, p99 \(settled(0.99)) s, longest "
                + "\(settled(1)) s",
            "faults: \(faults.values.reduce(0, +))",
        ]
        for kind in FaultKind.allCases {
            lines.append("  \(faults[kind, default: 0]) \(kind.rawValue)")
        }
        return lines.joined(separator: "\n")
    }

    /// Seconds within which this part of the seeds was at rest.
    private func settled(_ part: Double) -> Double {
        var left = Int((Double(seeds) * part).rounded(.up))
        for (milliseconds, count) in settled.sorted(by: { $0.key < $1.key }) {
            left -= count
            if left <= 0 { return Double(milliseconds) / 1000 }
        }
        return 0
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
