import ArgumentParser
import Logging
import MetaStackModel
import MetaStackStore
import MetaStackTesting

/// Many VMs wanted at once, claimed by many agents.
///
/// The agents are real and run in this process, each with a client of its own to one real etcd;
/// hypervisors and storage are in memory. The floor is as many bare transactions of one client, one
/// after the other, on the same etcd in the same run.
struct HerdBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "herd", abstract: "Many VMs wanted at once, claimed by many agents.")

    @Option(help: "How many agents.")
    var hosts = 20

    @Option(help: "How many VMs.")
    var vms = 1000

    @Option(help: "How often.")
    var rounds = 3

    func run() async throws {
        print(
            """
            | herd | claimed s | bare s | ratio | claims won | lost | transactions | of them lost \
            | transactions a VM | calls a VM | largest share | CPU s of all agents | CPU s of etcd |
            | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |
            """)
        for round in 1...max(1, rounds) {
            try await TestFleet.run(leaseTTL: .seconds(10), logLevel: .info) { fleet in
                try await herd(fleet, round)
            }
        }
    }

    private func herd(_ fleet: TestFleet, _ round: Int) async throws {
        let counter = ClaimCounter()
        try await fleet.addTinyFlavourAndImage()
        for number in 1...hosts {
            fleet.start(
                try fleet.benchHost(number), etcd: { CountedEtcd(etcd: $0, counter: counter) })
        }
        try await fleet.untilHostsAreReady(hosts)
        let bare = try await fleet.floor(vms)
        var events = try await fleet.claimEvents()
        let before = counter.counts
        let cpuSeconds = "process_cpu_seconds_total"
        let used = (ownCPUSeconds(), try await fleet.server.metric(cpuSeconds))
        let start = ContinuousClock.now
        try await fleet.want((1...vms).map { "vm-\($0)" })
        let claimed = start.duration(to: try await events.untilMade(vms))
        let using = (ownCPUSeconds(), try await fleet.server.metric(cpuSeconds))
        // The last ones' own answers come after the news of them.
        let vms = vms
        try await fleet.eventually("all have heard of it") {
            counter.counts.won - before.won >= vms
        }
        let after = counter.counts
        let cluster = try await fleet.store.load()
        let shares = Dictionary(grouping: cluster.actualVMs.values) { $0.value.host }
        let largest = shares.values.map(\.count).max() ?? 0
        let transactions = after.transactions - before.transactions
        print(
            """
            | \(round) | \((claimed / .seconds(1)).thousandths) \
            | \((bare / .seconds(1)).thousandths) | \(claimed.ratio(to: bare)) \
            | \(after.won - before.won) | \(after.lost - before.lost) | \(transactions) \
            | \(after.lostTransactions - before.lostTransactions) \
            | \((Double(transactions) / Double(vms)).thousandths) \
            | \((Double(after.calls - before.calls) / Double(vms)).thousandths) \
            | \((Double(largest) * Double(hosts) / Double(vms)).thousandths) of the mean \
            | \((using.0 - used.0).hundredths) | \((using.1 - used.1).hundredths) |
            """)
    }
}
