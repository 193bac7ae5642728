import ArgumentParser
import Foundation
import MetaStackTesting

/// `metastack-sim`: runs the agents of whole deployments through faults, one seed after the other.
@main
struct MetaStackSim: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metastack-sim",
        abstract: "Runs real agents over simulated parts, with faults, and checks the invariants.",
        discussion: """
            Ends with 0 where every seed held all invariants, and with 1 where one did not; then it
            prints the seed's last lines and the command that replays it in full.
            """)

    @Option(help: "Run this one seed and print all that happens in it.")
    var seed: UInt64?
    @Option(help: "How many seeds to run.")
    var seeds: UInt64 = 100
    @Option(help: "The first of them.")
    var first: UInt64 = 1
    @OptionGroup var shape: Shape
    @Option(help: "Processes that share the seeds.")
    var jobs = 1
    @Option(help: "A deliberate mistake to plant; 'list' names them.")
    var mutation: String?
    @Option(help: "Lines of a failing seed to print.")
    var lines = 120
    @Option(help: "Ends when so many seeds have failed.")
    var failures = 1
    @Flag(help: .private)
    var worker = false

    func run() throws {
        if mutation == "list" { return listMutations() }
        try DeterministicHashing.ensure()
        let planted = try mutation.map(Self.mutation)
        if let seed { return try replay(seed, planted) }
        let range = first..<(first + seeds)
        if worker {
            return try Worker.work(
                .init(shape: shape, mutation: planted, failures: failures), range)
        }
        let campaign = Campaign(
            shape: shape, mutation: planted, seeds: range, failures: failures, lines: lines)
        if try campaign.run(jobs: jobs) { throw ExitCode.failure }
    }

    private func replay(_ seed: UInt64, _ mutation: Mutation?) throws {
        let trace = Trace { print($0) }
        let outcome = try Simulation.run(shape.options(seed, mutation), trace: trace)
        print(Report(outcome).text)
        if outcome.violation != nil { throw ExitCode.failure }
    }

    private func listMutations() {
        for mutation in Mutation.allCases {
            print(mutation.rawValue + ": " + mutation.words)
        }
    }

    private static func mutation(_ name: String) throws -> Mutation {
        guard let mutation = Mutation(rawValue: name) else {
            throw ValidationError("there is no mutation '\(name)': see --mutation list")
        }
        return mutation
    }
}

/// What every seed of a campaign has in common.
struct Shape: ParsableArguments, Sendable {
    @Option(help: "Compute nodes.")
    var nodes = 3
    @Option(help: "VMs.")
    var vms = 4
    @Option(help: "Minutes of virtual time with faults.")
    var minutes = 0.5
    @Option(help: "The lease's seconds; without it 2 for every third seed, else 5.")
    var ttl: Int?
    @Flag(
        inversion: .prefixedNo,
        help: "The service manager's watchdog; without it for three of four seeds.")
    var watchdog: Bool?

    func options(_ seed: UInt64, _ mutation: Mutation?) -> SimulationOptions {
        SimulationOptions(
            seed: seed, nodes: nodes, vms: vms, time: .milliseconds(Int64(minutes * 60_000)),
            ttl: ttl.map { .seconds($0) }, hasWatchdog: watchdog, mutation: mutation)
    }

    /// As they were given, for whoever replays a seed.
    func arguments(_ mutation: Mutation?) -> [String] {
        var words = ["--nodes", "\(nodes)", "--vms", "\(vms)", "--minutes", "\(minutes)"]
        if let ttl { words += ["--ttl", "\(ttl)"] }
        if let watchdog { words.append(watchdog ? "--watchdog" : "--no-watchdog") }
        if let mutation { words += ["--mutation", mutation.rawValue] }
        return words
    }
}
