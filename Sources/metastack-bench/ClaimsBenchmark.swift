import ArgumentParser
import Etcd
import Foundation
import MetaStackModel
import MetaStackStore

/// From the put of a desired record to its claim, as a third party sees it.
///
/// The floor is what nobody can do without: one watch delivery (a put until another client's watch
/// shows it) and one transaction, alternating with the claims on the same etcd.
struct ClaimsBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "claims", abstract: "From a desired record to a claim that others can see.")

    @OptionGroup var options: LabOptions

    func run() async throws {
        let lab = try Lab(options)
        var delivery = Figures("watch delivery")
        var transaction = Figures("transaction")
        var claim = Figures("desired record to claim")
        for round in 0..<options.rounds {
            delivery.add(try await deliveryTime(lab))
            transaction.add(try await transactionTime(lab))
            claim.add(try await claimTime(lab, try VMID("bench-claim-\(round)")))
        }
        let floor = delivery.median + transaction.median
        print(Figures.header)
        for figures in [delivery, transaction, claim] { print(figures.row) }
        print("\nclaim / (delivery + transaction) = \(claim.median.ratio(to: floor))")
    }

    private static let key = Key("/metastack-bench/probe")

    private func deliveryTime(_ lab: Lab) async throws -> Duration {
        var watch = lab.client.watch(.key(Self.key)).makeAsyncIterator()
        async let seen = watch.next()
        // The watch is there when its first event can no longer be missed.
        try await lab.client.waitForWatch()
        let start = ContinuousClock.now
        try await lab.client.put(Self.key, Data("x".utf8))
        _ = try await seen
        return start.duration(to: .now)
    }

    private func transactionTime(_ lab: Lab) async throws -> Duration {
        let transaction = Transaction(
            if: [.exists(Self.key)], then: [.put(Self.key, Data("y".utf8))])
        let start = ContinuousClock.now
        _ = try await lab.client.transact(transaction)
        return start.duration(to: .now)
    }

    private func claimTime(_ lab: Lab, _ vm: VMID) async throws -> Duration {
        let cluster = try await lab.store.load()
        var changes = lab.store.changes(after: cluster.revision).makeAsyncIterator()
        let start = ContinuousClock.now
        try await lab.want(vm)
        var time: Duration?
        while time == nil, let change = try await changes.next() {
            guard case .records(let records, _) = change else { continue }
            if records.contains(where: { $0.path == RecordKey.actualVM(vm).path }) {
                time = start.duration(to: .now)
            }
        }
        try await lab.drop(vm)
        guard let time else { throw BenchmarkError(description: "the watch ended") }
        return time
    }
}
