import ArgumentParser
import Etcd
import Logging
import MetaStackModel
import MetaStackStore
import MetaStackTesting

/// One of many nodes dies with all its VMs: from the end of its lease to all of them claimed again.
///
/// Agents, etcd and the fakes as in ``HerdBenchmark``. Both ends are seen by a third party's watch.
struct FailoverBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "failover", abstract: "A node dies, and others claim its VMs.")

    @Option(help: "How many agents.")
    var hosts = 20

    @Option(help: "How many VMs the node has.")
    var vms = 100

    @Option(help: "How often.")
    var rounds = 5

    func run() async throws {
        print(
            """
            | failover | expiry to all claimed ms | bare ms | claims lost | transactions \
            | largest share of a survivor | boots until all run s |
            | --- | --- | --- | --- | --- | --- | --- |
            """)
        for round in 1...max(1, rounds) {
            try await TestFleet.run(leaseTTL: .seconds(5), logLevel: .info) { fleet in
                try await failover(fleet, round)
            }
        }
    }

    private func failover(_ fleet: TestFleet, _ round: Int) async throws {
        try await fleet.addTinyFlavourAndImage()
        let victim = try fleet.host("host-0", number: 200, ram: 1 << 18, vcpus: 32)
        let run = fleet.start(victim)
        try await fleet.untilHostsAreReady(1)
        try await fleet.want((1...vms).map { "vm-\($0)" })
        let vms = vms
        try await fleet.until("all run", within: .seconds(60)) { cluster in
            cluster.actualVMs.values.count { $0.value.state == .running } == vms
        }
        let counter = ClaimCounter()
        for number in 1..<hosts {
            fleet.start(
                try fleet.benchHost(number), etcd: { CountedEtcd(etcd: $0, counter: counter) })
        }
        try await fleet.untilHostsAreReady(hosts)
        let bare = try await fleet.floor(vms)
        var events = try await fleet.claimEvents()
        await run.kill()
        let (expired, end) = try await events.untilTakenOver(vms)
        let claimed = expired.duration(to: end)
        let counts = counter.counts
        let cluster = try await fleet.store.load()
        let largest =
            Dictionary(grouping: cluster.actualVMs.values) { $0.value.host }
            .values.map(\.count).max() ?? 0
        try await fleet.until("all run again", within: .seconds(120)) { cluster in
            cluster.actualVMs.values.count { $0.value.state == .running } == vms
        }
        let booted = expired.duration(to: .now)
        print(
            """
            | \(round) | \(claimed.milliseconds) | \(bare.milliseconds) | \(counts.lost) \
            | \(counts.transactions) \
            | \((Double(largest) * Double(hosts - 1) / Double(vms)).thousandths) of the mean \
            | \((booted / .seconds(1)).thousandths) |
            """)
    }
}

extension WatchReader {
    /// Reads on until claims go and as many are made again; the news of both may come together.
    fileprivate mutating func untilTakenOver(
        _ claims: Int
    ) async throws -> (expired: ContinuousClock.Instant, claimed: ContinuousClock.Instant) {
        var expired: ContinuousClock.Instant?
        var made: Set<Key> = []
        while let batch = try await next() {
            for event in batch.events {
                switch event {
                case .delete: expired = expired ?? .now
                case .put(let keyValue, _) where expired != nil && keyValue.version == 1:
                    made.insert(keyValue.key)
                case .put: break
                }
            }
            if let expired, made.count >= claims { return (expired, .now) }
        }
        throw BenchmarkError(description: "the watch ended")
    }
}
