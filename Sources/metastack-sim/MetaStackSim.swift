import ArgumentParser
import MetaStackTesting

@main
struct MetaStackSim: ParsableCommand {
    @Option var seed: UInt64?
    @Option var seeds: Int = 1
    @Option var first: UInt64 = 1

    func run() throws {
        if let seed {
            let trace = Trace(print: { print($0) })
            print(try Simulation.run(SimulationOptions(seed: seed), trace: trace))
            return
        }
        for seed in first..<(first + UInt64(seeds)) {
            print(try Simulation.run(SimulationOptions(seed: seed)))
        }
    }
}
