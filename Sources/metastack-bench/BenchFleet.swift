import Curl
import Etcd
import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting

/// What the benchmarks with many agents in one process have in common.
extension TestFleet {
    /// What a warm `virsh create` takes: a fake that took no time would start guests in the midst
    /// of what is measured, as no host can.
    private static let creation = Duration.milliseconds(300)

    func benchHost(_ number: Int, ram: Int = 1 << 18, vcpus: Int = 32) throws -> TestHost {
        var host = try host("host-\(number)", number: number, ram: ram, vcpus: vcpus)
        host.configuration.node.startConcurrency = 2
        host.hypervisor.calls.before(.create) { try await Task.sleep(for: Self.creation) }
        return host
    }

    /// Wants VMs of the flavour and image `tiny`, as many at once as etcd takes.
    func want(_ vms: [String]) async throws {
        let largest = 120
        for start in stride(from: 0, to: vms.count, by: largest) {
            let writes = try vms[start..<min(start + largest, vms.count)].map { vm in
                RecordWrite.put(
                    .desiredVM(VMID(unchecked: vm)),
                    DesiredVM(
                        name: try ResourceName(vm), flavour: "tiny", image: "tiny", state: .start))
            }
            _ = try await store.write(writes, if: [])
        }
    }

    /// How long one client needs for so many transactions of one comparison and one put, one after
    /// the other, below keys that no agent watches.
    func floor(_ transactions: Int) async throws -> Duration {
        let value = Data(repeating: UInt8(ascii: "x"), count: 400)
        let start = ContinuousClock.now
        for number in 0..<transactions {
            let key = Key("/floor/\(number)")
            _ = try await store.client.transact(
                Transaction(if: [.absent(key)], then: [.put(key, value)]))
        }
        let time = start.duration(to: .now)
        try await store.client.delete(.prefix(Key("/floor/")))
        return time
    }

    /// Changes of claims from now on, as a third party sees them.
    func claimEvents() async throws -> any WatchReader {
        let revision = try await store.standing().revision
        return store.client.reader(
            .children(of: Key(prefix).appending("actual_vms")),
            from: Etcd.Revision(rawValue: revision.number).next)
    }

    func untilHostsAreReady(_ count: Int) async throws {
        try await until("all hosts and the image are ready", within: .seconds(60)) { cluster in
            cluster.hosts.count == count
                && cluster.hosts.values.allSatisfy { !$0.value.pools.isEmpty }
                && cluster.actualImages.values.contains { $0.value.state == .ready }
        }
    }
}

extension WatchReader {
    /// Reads on until so many claims have been made.
    mutating func untilMade(_ claims: Int) async throws -> ContinuousClock.Instant {
        var made: Set<Key> = []
        while let batch = try await next() {
            for case .put(let keyValue, _) in batch.events where keyValue.version == 1 {
                made.insert(keyValue.key)
            }
            if made.count >= claims { return .now }
        }
        throw BenchmarkError(description: "the watch ended")
    }
}

extension EtcdServer {
    /// The sum of one of its own metrics over its labels.
    func metric(_ name: String) async throws -> Double {
        let curl = try Curl(name: "metrics")
        let text = String(
            decoding: try await curl.perform(CurlRequest(clientURL + "/metrics")).body,
            as: UTF8.self)
        await curl.shutdown()
        return text.split(separator: "\n")
            .filter { $0.hasPrefix(name + " ") || $0.hasPrefix(name + "{") }
            .compactMap { $0.split(separator: " ").last.flatMap { Double($0) } }
            .reduce(0, +)
    }
}

/// What this process has used of processors so far, in seconds (`getrusage`).
func ownCPUSeconds() -> Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    return Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec)
        + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
}

extension Double {
    /// With three digits behind the point.
    var thousandths: String { "\((self * 1000).rounded() / 1000)" }
}
