import Etcd
import Foundation
import Logging
import MetaStackModel
import MetaStackStore

/// The one lab of the test process: three hosts, etcd and Ceph, started when the first test asks for
/// it and ended with the process, however it ends.
struct Lab: Sendable {
    /// Each node's lease, which all deadlines of takeovers rest on.
    static let leaseTTL = Duration.seconds(5)
    static let hosts: [HostID] = ["host1", "host2", "host3"].map { HostID(unchecked: $0) }

    let folder: URL
    /// Where the programs of this build are: beside the test's own.
    let binaries: URL
    let endpoint: String
    let cephConf: String
    let managementConfig: String
    let client: EtcdClient
    let store: ClusterStore

    private static let start = Task { try await begin() }

    /// The lab, which every test fails without, with the reason.
    static func running() async throws -> Lab { try await start.value }

    /// `deploy/metastack-lab` and its parts.
    static var deploy: URL {
        URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../deploy")
            .standardizedFileURL
    }

    static var binaries: URL {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
    }

    private static func begin() async throws -> Lab {
        let folder = try LabGuard.temporaryFolder()
        try LabGuard.watch(over: folder)
        let output = try await Command(
            [
                tool, "--dir", folder.path, "up", "--hosts", "\(hosts.count)", "--etcd", "1",
                "--lease-ttl", "\(leaseTTL.components.seconds)s", "--binaries", binaries.path,
                "--migration", "tls",
            ], timeout: .seconds(300)
        ).run()
        let exports = parse(try output.checked("metastack-lab up"))
        guard let endpoint = exports["ETCDCTL_ENDPOINTS"], let cephConf = exports["CEPH_CONF"],
            let config = exports["METASTACK_CONFIG"]
        else { throw SystemTestError("metastack-lab up did not say where things are") }
        let client = try EtcdClient(
            EtcdConfiguration(endpoints: [endpoint]),
            logger: Logger(label: "system-tests") { _ in SwiftLogNoOpLogHandler() })
        let lab = Lab(
            folder: folder, binaries: binaries, endpoint: endpoint, cephConf: cephConf,
            managementConfig: config, client: client,
            store: ClusterStore(client: client, prefix: "/metastack"))
        try await lab.prepare()
        return lab
    }

    static var tool: String { deploy.appending(path: "metastack-lab").path }

    /// Lines of `export NAME=VALUE`.
    private static func parse(_ text: String) -> [String: String] {
        var values: [String: String] = [:]
        for line in text.split(separator: "\n") where line.hasPrefix("export ") {
            let parts = line.dropFirst("export ".count).split(separator: "=", maxSplits: 1)
            if parts.count == 2 { values[String(parts[0])] = String(parts[1]) }
        }
        return values
    }

    /// Waits for the hosts, and adds the flavour and the image that a minimal record names.
    private func prepare() async throws {
        try await eventually("all hosts are live", within: .seconds(60)) {
            try await store.load().hosts.count == Self.hosts.count
        }
        let image = try await tool("build-image", timeout: .seconds(300))
            .trimmingCharacters(in: .newlines)
        try await succeed("flavour", "add", "tiny", "--vcpus", "1", "--ram", "128MiB")
        try await succeed("image", "add", "tiny", image, "--wait")
    }
}

extension Command {
    init(_ words: [String], environment: [String: String] = [:], timeout: Duration) {
        self.init(words, environment: environment)
        self.timeout = timeout
    }
}
