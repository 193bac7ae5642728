import Foundation
import MetaStackTesting

/// A chunk of a campaign in a process of its own, which prints its totals as JSON.
enum Worker {
    /// Starts this program again for these seeds, and waits for it.
    static func run(_ plan: Campaign.Plan, _ seeds: Range<UInt64>) throws -> Totals {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments =
            [
                "--worker", "--first", "\(seeds.lowerBound)", "--seeds", "\(seeds.count)",
                "--failures", "\(plan.failures)",
            ] + plan.shape.arguments(plan.mutation)
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationReason == .exit, process.terminationStatus == 0 else {
            throw SimError(
                "the process for the seeds from \(seeds.lowerBound) on ended with "
                    + "\(process.terminationStatus)")
        }
        return try JSONDecoder().decode(Totals.self, from: text)
    }

    /// What such a process does.
    static func work(_ plan: Campaign.Plan, _ seeds: Range<UInt64>) throws {
        let totals = try Campaign.totals(of: seeds, plan)
        print(String(decoding: try JSONEncoder().encode(totals), as: UTF8.self))
    }
}
