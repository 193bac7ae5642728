import ArgumentParser
import Curl
import Etcd
import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting

/// What the agents cost while nothing happens: calls to etcd, processor time, resident memory.
struct RestBenchmark: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rest", abstract: "What the agents cost while nothing happens.")

    @OptionGroup var options: LabOptions

    @Option(help: "How long to look, in seconds.")
    var seconds = 30

    @Option(help: "VMs of one more host, which is records alone, that the cluster has meanwhile.")
    var vms = 1000

    private var filesShown: Int { 8 }

    /// Where they are said to be.
    private static let elsewhere = HostID(unchecked: "bench-elsewhere")

    func run() async throws {
        let lab = try Lab(options)
        let hosts = try await lab.store.load().hosts.keys.sorted()
        let lease = try await lab.addVMs(vms, on: Self.elsewhere)
        do {
            try await withThrowingTaskGroup { group in
                group.addTask { try await lab.keep(lease) }
                group.addTask { try await look(lab, hosts) }
                try await group.next()
                group.cancelAll()
            }
            try await lab.removeVMs(vms, on: Self.elsewhere)
        } catch {
            // What went wrong first is what the reader has to know.
            try? await lab.removeVMs(vms, on: Self.elsewhere)
            throw error
        }
    }

    private func look(_ lab: Lab, _ hosts: [HostID]) async throws {
        // The agents give back what the news of so many VMs needed after a minute at the latest.
        try await Task.sleep(for: .seconds(70))
        // To look at the agents takes its time, which counts for them and not for the calls.
        let clock = ContinuousClock()
        let startOfAll = clock.now
        let before = try await lab.agents(on: hosts)
        let start = clock.now
        let calls = try await lab.calls()
        try await Task.sleep(for: .seconds(seconds))
        let callsAfter = try await lab.calls()
        let time = start.duration(to: clock.now) / .seconds(1)
        let after = try await lab.agents(on: hosts)
        let timeOfAll = startOfAll.duration(to: clock.now) / .seconds(1)

        print("| etcd call | in all | a second and node |\n| --- | --- | --- |")
        for (method, count) in callsAfter.sorted(by: { $0.key < $1.key }) {
            let made = count - calls[method, default: 0]
            guard made > 0 else { continue }
            print("| \(method) | \(made) | \(rounded(Double(made) / time / Double(hosts.count))) |")
        }
        print("\n| agent | resident MiB | % of a core |\n| --- | --- | --- |")
        for (host, agent) in after {
            let ticks = agent.ticks - (before[host]?.ticks ?? 0)
            let share = rounded(Double(ticks) / timeOfAll)
            print("| \(host) | \(agent.residentKiB / 1024) | \(share) |")
        }
        try await printMemory(lab, hosts)
    }

    /// What the resident memory consists of.
    private func printMemory(_ lab: Lab, _ hosts: [HostID]) async throws {
        var clean: [String: Int] = [:]
        print(
            "\n| agent, MiB | resident | its own | allocator | stacks | written pages of programs |"
                + "\n| --- | --- | --- | --- | --- | --- |")
        for host in hosts {
            let parts = try await lab.memory(on: host)
            let figures = [parts.resident, parts.own, parts.allocator, parts.stacks, parts.written]
            print("| \(host) | \(figures.map(mebibytes).joined(separator: " | ")) |")
            clean.merge(parts.clean) { $0 + $1 }
        }
        print("\n| clean pages of | MiB an agent |\n| --- | --- |")
        for (file, count) in clean.sorted(by: { $0.value > $1.value }).prefix(filesShown) {
            print("| \(file) | \(mebibytes(count / hosts.count)) |")
        }
        print("| all | \(mebibytes(clean.values.reduce(0, +) / hosts.count)) |")
    }

    private func mebibytes(_ count: Int) -> String { rounded(Double(count) / 1024) }

    private func rounded(_ number: Double) -> String {
        "\((number * 100).rounded() / 100)"
    }
}

private struct AgentProcess {
    var residentKiB: Int
    /// Hundredths of a second of processor time.
    var ticks: Int
}

extension Lab {
    /// VMs of a host that is not there, under a lease that is.
    fileprivate func addVMs(_ vms: Int, on host: HostID) async throws -> LeaseID {
        let records = ScaleRecords(hosts: 1, vms: vms, names: host.text)
        let lease = try await client.grantLease(ttl: .seconds(60)).id
        try await records.write(to: store, under: LeaseNumber(lease.rawValue))
        return lease
    }

    fileprivate func keep(_ lease: LeaseID) async throws {
        while true {
            try await Task.sleep(for: .seconds(20))
            _ = try await client.keepAlive(lease)
        }
    }

    fileprivate func removeVMs(_ vms: Int, on host: HostID) async throws {
        try await ScaleRecords(hosts: 1, vms: vms, names: host.text).remove(from: store)
    }

    /// How often etcd has been asked what, from its own metrics.
    fileprivate func calls() async throws -> [String: Int] {
        let endpoint = try await client.members().first?.clientURLs.first ?? ""
        let curl = try Curl(name: "metrics")
        let text = String(
            decoding: try await curl.perform(CurlRequest(endpoint + "/metrics")).body,
            as: UTF8.self)
        await curl.shutdown()
        var calls: [String: Int] = [:]
        let wanted = "grpc_server_msg_received_total{"
        for line in text.split(separator: "\n") where line.hasPrefix(wanted) {
            let parts = line.split(separator: "\"")
            guard let index = parts.firstIndex(where: { $0.hasSuffix("grpc_method=") }),
                let count = line.split(separator: " ").last.flatMap({ Double($0) })
            else { continue }
            calls[String(parts[index + 1]), default: 0] += Int(count)
        }
        return calls
    }

    fileprivate func memory(on host: HostID) async throws -> MemoryParts {
        let line = "cat /proc/$(pgrep -x metastack-node)/smaps"
        return MemoryParts(smaps: try await shell(on: host, line))
    }

    fileprivate func agents(on hosts: [HostID]) async throws -> [HostID: AgentProcess] {
        var agents: [HostID: AgentProcess] = [:]
        for host in hosts {
            let printed = try await shell(
                on: host,
                """
                p=$(pgrep -x metastack-node); grep VmRSS /proc/$p/status | tr -dc 0-9; echo
                cut -d' ' -f14,15 /proc/$p/stat
                """)
            let numbers = printed.split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            guard numbers.count == 3 else {
                throw BenchmarkError(description: "host \(host) runs no agent: \(printed)")
            }
            agents[host] = AgentProcess(
                residentKiB: numbers[0], ticks: numbers[1] + numbers[2])
        }
        return agents
    }
}
