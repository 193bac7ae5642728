import MetaStackDecisions
import MetaStackModel
import MetaStackStore

extension ScaleBenchmark {
    /// The share of placement alone.
    func pure(_ store: ClusterStore) async throws {
        var cluster = try await store.load()
        let clock = ContinuousClock()
        var ledger = PlacementLedger(cluster)
        row("ledger of all records ms", clock.measure { ledger = PlacementLedger(cluster) })
        let policy = RebalancePolicy(state: .on, threshold: 1)
        // When no VM is a newcomer any more.
        let later = Timestamp(milliseconds: 1_900_000_000_000)
        row(
            "one look at how load is shared ms",
            clock.measure {
                _ = Rebalance(of: cluster, by: policy, at: later)
            })
        let gone = (0..<lost).map { HostID(unchecked: "node-\($0)") }
        let orphans = cluster.actualVMs.filter { gone.contains($0.value.value.host) }.map(\.key)
        let before = ledger.commitments(of: orphans, in: cluster)
        for host in gone { cluster.hosts[host] = nil }
        for vm in orphans { cluster.actualVMs[vm] = nil }
        let keys = gone.map { RecordKey.host($0) } + orphans.map { RecordKey.actualVM($0) }
        row(
            "ledger after a loss of \(lost) hosts ms",
            clock.measure { ledger.follow(Set(keys), from: before, in: cluster) })
        var count = 0
        row(
            "one assignment of their \(orphans.count) VMs ms",
            clock.measure { count = ledger.presentAssignment().count })
        guard count == orphans.count else {
            throw BenchmarkError(description: "only \(count) of \(orphans.count) VMs have a host")
        }
    }

    func row(_ what: String, _ time: Duration) {
        print("| \(what) | \(time.milliseconds) |")
    }
}
