import ArgumentParser
import Etcd
import Foundation
import MetaStackModel
import MetaStackStore

/// From the put of a desired record to its claim, as a third party sees it.
///
/// The floor is what nobody can do without: one watch delivery (a put until another connection's
/// watch shows it) and one transaction, alternating with the claims on the same etcd.
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
            let vm = try VMID("bench-claim-\(round)")
            var watcher = try await Watcher(lab)
            delivery.add(
                try await watcher.time(of: RecordKey.globalConfig("bench")) {
                    try await lab.probe()
                })
            let start = ContinuousClock.now
            try await lab.probeTransaction()
            transaction.add(start.duration(to: .now))
            claim.add(try await watcher.time(of: .actualVM(vm)) { try await lab.want(vm) })
            try await lab.drop(vm)
        }
        try await lab.removeProbe()
        let floor = delivery.median + transaction.median
        print(Figures.header)
        for figures in [delivery, transaction, claim] { print(figures.row) }
        print("\nclaim / (delivery + transaction) = \(claim.median.ratio(to: floor))")
    }
}

/// A watch that is known to be open, so that its set-up is in nobody's time.
private struct Watcher {
    private var changes: ClusterChanges.Iterator

    init(_ lab: Lab) async throws {
        let revision = try await lab.probe()
        changes = lab.store.changes(after: Revision(revision.number - 1)).makeAsyncIterator()
        _ = try await changes.next()
    }

    /// From the begin of the action until its record is seen.
    mutating func time(
        of key: RecordKey, _ action: () async throws -> some Sendable
    ) async throws -> Duration {
        let start = ContinuousClock.now
        _ = try await action()
        while let change = try await changes.next() {
            guard case .records(let records, _) = change else { continue }
            if records.contains(where: { $0.path == key.path }) {
                return start.duration(to: .now)
            }
        }
        throw BenchmarkError(description: "the watch ended")
    }
}

extension Lab {
    private static let key = RecordKey.globalConfig("bench")

    /// A record that no node acts on.
    @discardableResult
    fileprivate func probe() async throws -> MetaStackModel.Revision {
        try await write([.put(Self.key, GlobalConfig(rest: ["bench": .bool(true)]))], if: [])
    }

    fileprivate func probeTransaction() async throws {
        _ = try await write(
            [.put(Self.key, GlobalConfig(rest: ["bench": .bool(false)]))],
            if: [.exists(Self.key)])
    }

    fileprivate func removeProbe() async throws {
        _ = try await write([.delete(Self.key)], if: [])
    }

    private func write(
        _ writes: [RecordWrite], if conditions: [RecordCondition]
    ) async throws -> MetaStackModel.Revision {
        guard case .written(let revision) = try await store.write(writes, if: conditions) else {
            throw BenchmarkError(description: "somebody else writes the benchmark's record")
        }
        return revision
    }
}
