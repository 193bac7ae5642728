import MetaStackTesting

/// One seed's result, in words and as a line between processes.
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
struct Totals {
    var seeds: UInt64 = 0
    var steps = 0
    var boots = 0
    var takeovers = 0
    var writes = 0
    var settled: [Double] = []
    var faults: [FaultKind: Int] = [:]

    mutating func add(_ outcome: Simulation.Outcome) {
        seeds += 1
        steps += outcome.steps
        boots += outcome.boots
        takeovers += outcome.takeovers
        writes += outcome.writes
        settled.append(outcome.settled / .seconds(1))
        faults.merge(outcome.faults, uniquingKeysWith: +)
    }

    func text(in time: Duration) -> String {
        let seconds = time / .seconds(1)
        let rate = seconds > 0 ? Double(seeds) / seconds : 0
        let sorted = settled.sorted()
        let p99 = sorted.isEmpty ? 0 : sorted[min(sorted.count - 1, sorted.count * 99 / 100)]
        var lines = [
            "\(seeds) seeds in \(Self.rounded(seconds)) s, \(Self.rounded(rate)) seeds per second",
            "\(boots) guest starts, \(takeovers) takeovers, \(writes) guest writes, \(steps) steps",
            "at rest after the last fault: p99 \(p99) s, longest \(sorted.last ?? 0) s",
            "faults: \(faults.values.reduce(0, +))",
        ]
        for kind in FaultKind.allCases {
            lines.append("  \(faults[kind, default: 0]) \(kind.rawValue)")
        }
        return lines.joined(separator: "\n")
    }

    private static func rounded(_ value: Double) -> Double { (value * 10).rounded() / 10 }
}
