import ArgumentParser

/// `metastack-bench`: measures a running lab and prints each figure beside the floor that the same
/// machine gave in the same run, so that the ratio can be compared where absolute times cannot.
@main
struct MetaStackBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metastack-bench",
        abstract: "Measures MetaStack.",
        discussion: """
            claims, boots and rest measure a lab that deploy/metastack-lab started, which needs the \
            image and the flavour 'tiny' and no other load. The others bring what they need.
            """,
        subcommands: [
            ClaimsBenchmark.self, BootsBenchmark.self, RestBenchmark.self, HerdBenchmark.self,
            FailoverBenchmark.self, BalanceBenchmark.self, ScaleBenchmark.self,
            RecordsBenchmark.self,
            NetworksBenchmark.self, CrowdedAgent.self, LoneAgent.self,
        ])
}

/// What every benchmark is told.
struct LabOptions: ParsableArguments {
    @Option(help: "The lab's folder.")
    var lab = "/var/lib/metastack-lab"

    @Option(help: "How often each thing is measured.")
    var rounds = 20
}
