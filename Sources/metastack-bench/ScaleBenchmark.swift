import ArgumentParser
import Curl
import Etcd
import Foundation
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Subprocess

/// What one agent costs in a large cluster: a real one in a process of its own, over a real etcd
/// with the records of all hosts and VMs; the other hosts are records alone.
struct ScaleBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "scale", abstract: "What one agent costs in a large cluster.")

    @Option(help: "How many hosts.")
    var hosts = 100

    @Option(help: "How many VMs.")
    var vms = 10_000

    @Option(help: "How long to look at each thing, in seconds.")
    var seconds = 20

    @Option(help: "How many hosts are lost at once.")
    var lost = 20

    private static let me = HostID(unchecked: "self")
    private static let sentBytes = "etcd_network_client_grpc_sent_bytes_total"
    private static let received = "grpc_server_msg_received_total"
    private static let first = VMID(unchecked: "first")

    func run() async throws {
        try await EtcdServer.run(quota: 4 << 30) { server in
            try await server.withClient { client in
                let store = ClusterStore(client: client, prefix: "/scale")
                let records = ScaleRecords(hosts: hosts, vms: vms)
                try await records.writeReferences(to: store)
                try await records.write(to: store)
                print("| \(hosts) hosts, \(vms) VMs | figure |\n| --- | --- |")
                try await pure(store)
                try await measured(server, store, records)
            }
        }
    }

    private func measured(
        _ server: EtcdServer, _ store: ClusterStore, _ records: ScaleRecords
    ) async throws {
        // Somebody waits for the agent before it is there.
        _ = try await store.write(
            [
                .put(
                    .desiredVM(Self.first),
                    DesiredVM(
                        name: ResourceName(unchecked: "first"), flavour: "tiny", image: "tiny",
                        state: .start, host: Self.me))
            ], if: [])
        let revision = try await store.standing().revision
        let sent = try await server.metric(Self.sentBytes)
        let program = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        try await bare(server, program)
        let start = ContinuousClock.now
        // `env` becomes the program, under the same id.
        _ = try await Subprocess.run(
            .name("env"),
            arguments: [
                program, "agent", "--endpoint", server.clientURL, "--prefix", "/scale", "--name",
                Self.me.text,
            ], input: .none, output: .discarded, error: .discarded
        ) { process in
            let result: Result<Void, any Error>
            do {
                var changes = store.changes(after: revision).makeAsyncIterator()
                try await changes.untilClaimed(Self.first)
                row("from start to first claim ms", start.duration(to: .now))
                let bytes = try await server.metric(Self.sentBytes) - sent
                print("| what etcd sent meanwhile MB | \((bytes / 1e6).hundredths) |")
                try await look(Int(process.processIdentifier.value), server, store, records)
                result = .success(())
            } catch {
                result = .failure(error)
            }
            // It may have ended by itself, and then there is nobody to signal.
            try? process.send(signal: .kill)
            try result.get()
        }
    }

    /// The floor of an agent at rest: a client that keeps a lease and a watch and does nothing else.
    private func bare(_ server: EtcdServer, _ program: String) async throws {
        let time = Double(seconds)
        _ = try await Subprocess.run(
            .name("env"),
            arguments: [
                program, "agent", "--bare", "--endpoint", server.clientURL, "--prefix", "/bare",
                "--name", Self.me.text,
            ], input: .none, output: .discarded, error: .discarded
        ) { process in
            let result: Result<Double, any Error>
            do {
                let figures = ProcessFigures(id: Int(process.processIdentifier.value))
                try await Task.sleep(for: .seconds(3))
                let before = try figures.cpuMilliseconds()
                try await Task.sleep(for: .seconds(seconds))
                result = .success(try figures.cpuMilliseconds() - before)
            } catch {
                result = .failure(error)
            }
            // As below.
            try? process.send(signal: .kill)
            let share = try result.get() / time / 10
            print("| CPU of a bare keepalive and watch % | \(share.thousandths) |")
        }
    }

    private func look(
        _ agent: Int, _ server: EtcdServer, _ store: ClusterStore, _ records: ScaleRecords
    ) async throws {
        let process = ProcessFigures(id: agent)
        let starting = try process.cpuMilliseconds()
        print("| CPU from start to first claim ms | \(starting.hundredths) |")
        // It gives back what its start needed.
        try await Task.sleep(for: .seconds(15))
        print("| resident at rest MB | \(try process.residentMB().hundredths) |")
        print("| of it its own MB | \(try process.residentMB("RssAnon").hundredths) |")
        let time = Double(seconds)
        var before = try process.cpuMilliseconds()
        let asked = try await server.metric(Self.received)
        try await Task.sleep(for: .seconds(seconds))
        let rest = try process.cpuMilliseconds() - before
        let calls = try await server.metric(Self.received) - asked
        print("| calls to etcd at rest a second | \((calls / time).hundredths) |")
        print("| CPU at rest % | \((rest / time / 10).thousandths) |")
        before = try process.cpuMilliseconds()
        for number in 0..<(seconds * 10) {
            let vm = number * 7 % vms
            _ = try await store.write(
                [.put(.actualVM(records.vm(vm)), try records.claim(vm, message: "\(number)"))],
                if: [])
            try await Task.sleep(for: .milliseconds(100))
        }
        let busy = try process.cpuMilliseconds() - before
        print("| CPU at 10 changes a second % | \((busy / time / 10).hundredths) |")
        var ledger = try await loss(store, records)
        before = try process.cpuMilliseconds()
        for host in 0..<lost {
            _ = try await store.write(
                [.delete(.host(records.host(host)))]
                    + records.vms(of: host).map { .delete(.actualVM(records.vm($0))) }, if: [])
        }
        try await claimForOthers(ledger.presentAssignment(), store, records)
        try await Task.sleep(for: .seconds(10))
        let losing = try process.cpuMilliseconds() - before
        print(
            "| CPU a lost host, \(lost) at once, in 10 s ms "
                + "| \((losing / Double(lost)).hundredths) |")
        print("| resident afterwards MB | \(try process.residentMB().hundredths) |")
    }
}

extension ScaleBenchmark {
    /// What follows from the loss.
    private func loss(
        _ store: ClusterStore, _ records: ScaleRecords
    ) async throws -> PlacementLedger {
        var cluster = try await store.load()
        for host in 0..<lost {
            cluster.hosts[records.host(host)] = nil
            for vm in records.vms(of: host) { cluster.actualVMs[records.vm(vm)] = nil }
        }
        return PlacementLedger(cluster)
    }

    /// The other hosts are records alone: what is for them is claimed for them, as they would.
    private func claimForOthers(
        _ assignment: Assignment, _ store: ClusterStore, _ records: ScaleRecords
    ) async throws {
        for number in lost..<hosts {
            let host = records.host(number)
            let share = assignment.share(of: host)
            guard !share.isEmpty else { continue }
            let writes = try share.map { vm in
                RecordWrite.put(
                    .actualVM(vm),
                    ActualVM(
                        host: host, state: .claimed, ram: try Mebibytes(512), vcpus: 1,
                        since: Timestamp(milliseconds: 0)))
            }
            _ = try await store.write(writes, if: [])
        }
    }
}

extension ClusterChanges.Iterator {
    fileprivate mutating func untilClaimed(_ vm: VMID) async throws {
        while let change = try await next() {
            guard case .records(let records, _) = change else { continue }
            if records.contains(where: { $0.path == RecordKey.actualVM(vm).path }) { return }
        }
        throw BenchmarkError(description: "the watch ended")
    }
}
