import ArgumentParser
import Foundation
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// What the records of many VMs take of a process's memory, by the allocator's own count and by the kernel's:
/// read as an agent reads them from its watch.
struct RecordsBenchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "records", abstract: "What the records of many VMs take of memory.")

    @Option(help: "How many hosts.")
    var hosts = 3

    @Option(help: "How many VMs.")
    var vms = 1000

    @Option(help: "Of how many VMs news come together.")
    var batch = 40

    func run() throws {
        ProcessMemory.limitArenas()
        let records = ScaleRecords(hosts: hosts, vms: vms)
        let process = ProcessFigures(id: Int(ProcessInfo.processInfo.processIdentifier))
        // What reading one needs besides, such as types' metadata, is no part of them.
        var cluster = Cluster()
        try read([0], of: records, into: &cluster)
        ProcessMemory.giveBack()
        let (before, own) = (ProcessMemory.allocated(), try process.residentMB("RssAnon"))
        try read(Array(1..<vms), of: records, into: &cluster)
        let read = ProcessMemory.allocated() - before
        let ledger = PlacementLedger(cluster)
        let all = ProcessMemory.allocated() - before
        let grown = try process.residentMB("RssAnon") - own
        ProcessMemory.giveBack()
        let left = try process.residentMB("RssAnon") - own
        withExtendedLifetime((cluster, ledger)) {}
        print("| \(hosts) hosts, \(vms) VMs | figure |\n| --- | --- |")
        print("| records MB | \(megabytes(read)) |")
        print("| of a VM bytes | \(read / max(1, vms - 1)) |")
        print("| what placement knows of them MB | \(megabytes(all - read)) |")
        print("| resident more MB | \(grown.hundredths) |")
        print("| of it left when freed memory has been given back MB | \(left.hundredths) |")
    }

    private func read(
        _ numbers: [Int], of records: ScaleRecords, into cluster: inout Cluster
    ) throws {
        for first in stride(from: 0, to: numbers.count, by: max(1, batch)) {
            let some = try numbers[first...].prefix(batch).flatMap { try records.raw(ofVM: $0) }
            for record in some { cluster.apply(record) }
        }
    }

    private func megabytes(_ bytes: Int) -> String { (Double(bytes) / 1e6).hundredths }
}
