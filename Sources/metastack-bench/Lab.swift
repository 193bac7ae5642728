import Etcd
import Foundation
import Logging
import MetaStackModel
import MetaStackStore
import Subprocess

/// The lab that is measured, through its own tool and its etcd.
struct Lab {
    let folder: String
    let client: EtcdClient
    let store: ClusterStore

    init(_ options: LabOptions) throws {
        folder = options.lab
        let file = "\(folder)/metastack.yaml"
        let configuration = try ManagementConfiguration(
            yaml: try String(contentsOfFile: file, encoding: .utf8), file: file, environment: [:])
        client = try EtcdClient(
            EtcdConfiguration(configuration.etcd), logger: Logger(label: "metastack-bench"))
        store = ClusterStore(client: client, prefix: configuration.etcd.prefix)
    }

    /// Runs a shell line in all namespaces of a host and returns what it printed.
    func shell(on host: HostID, _ line: String) async throws -> String {
        try await run(
            "python3",
            ["deploy/metastack-lab", "--dir", folder, "exec", host.text, "--", "bash", "-c", line])
    }

    /// Runs a program with the lab's Ceph.
    func run(_ program: String, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .name(program),
            arguments: Arguments(arguments),
            environment: .inherit.updating(["CEPH_CONF": "\(folder)/ceph/ceph.conf"]),
            output: .string(limit: 1 << 22), error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            throw BenchmarkError(
                description: "\(program) failed: \(result.standardError)")
        }
        return result.standardOutput
    }

    /// Wants a VM of the flavour and image `tiny`.
    func want(_ vm: VMID, on host: HostID? = nil) async throws {
        let record = DesiredVM(
            name: try ResourceName(vm.text), flavour: "tiny", image: "tiny", state: .start,
            host: host)
        _ = try await store.write([.put(.desiredVM(vm), record)], if: [.absent(.desiredVM(vm))])
    }

    /// Wants it no more, and returns when nothing is left of it.
    func drop(_ vm: VMID) async throws {
        _ = try await store.write([.delete(.desiredVM(vm))], if: [])
        _ = try await first { cluster in
            cluster.actualVMs[vm] == nil && cluster.volumes[vm] == nil ? true : nil
        }
    }

    /// The first thing that the function finds, now or after a change.
    func first<Found>(_ find: (Cluster) -> Found?) async throws -> Found {
        let cluster = try await store.load()
        if let found = find(cluster) { return found }
        for try await update in store.follow(cluster) {
            if let found = find(update.cluster) { return found }
        }
        throw BenchmarkError(description: "the watch ended")
    }
}

struct BenchmarkError: Error, CustomStringConvertible {
    let description: String
}
