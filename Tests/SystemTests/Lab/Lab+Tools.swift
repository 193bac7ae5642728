import Foundation
import MetaStackModel

/// The lab's command line and the tools of its parts.
extension Lab {
    /// Runs `metastack-lab`, which must succeed.
    @discardableResult
    func tool(_ words: String..., timeout: Duration = .seconds(90)) async throws -> String {
        try await run(tool: words, timeout: timeout).checked(
            "metastack-lab \(words.joined(separator: " "))")
    }

    /// Runs a command in a host.
    func execute(
        _ host: HostID, _ words: String..., timeout: Duration = .seconds(60)
    ) async throws -> Output {
        try await execute(host, words, timeout: timeout)
    }

    func execute(
        _ host: HostID, _ words: [String], timeout: Duration = .seconds(60)
    ) async throws -> Output {
        try await run(tool: ["exec", host.text, "--"] + words, timeout: timeout)
    }

    private func run(tool words: [String], timeout: Duration) async throws -> Output {
        try await Command([Self.tool, "--dir", folder.path] + words, timeout: timeout).run()
    }

    /// Runs this build's `metastack`.
    func metastack(_ words: String...) async throws -> Output { try await metastack(words) }

    func metastack(_ words: [String]) async throws -> Output {
        try await Command(
            [binaries.appending(path: "metastack").path] + words,
            environment: ["METASTACK_CONFIG": managementConfig]
        ).run()
    }

    /// Runs this build's `metastack`, which must succeed.
    @discardableResult
    func succeed(_ words: String...) async throws -> String { try await succeed(words) }

    @discardableResult
    func succeed(_ words: [String]) async throws -> String {
        try await metastack(words).checked("metastack \(words.joined(separator: " "))")
    }

    /// The answer of `metastack … -o json`.
    func json(_ words: String...) async throws -> JSONValue {
        let text = try await metastack(words + ["-o", "json"]).checked("metastack \(words)")
        return try JSONDecoder().decode(JSONValue.self, from: Data(text.utf8))
    }

    /// Runs etcdctl, as somebody would who has never heard of MetaStack's own tools.
    @discardableResult
    func etcdctl(_ words: String...) async throws -> String {
        try await Command(
            ["etcdctl"] + words,
            environment: ["ETCDCTL_API": "3", "ETCDCTL_ENDPOINTS": endpoint]
        ).run().checked("etcdctl \(words)")
    }

    @discardableResult
    func rbd(_ words: String...) async throws -> String {
        try await Command(["rbd"] + words, environment: ["CEPH_CONF": cephConf]).run()
            .checked("rbd \(words)")
    }

    /// The images of a pool.
    func images(in pool: String) async throws -> [String] {
        try await rbd("ls", pool).split(separator: "\n").map(String.init)
    }

    /// The addresses of evicted clients.
    func blocklist() async throws -> [String] {
        // Each line is an address and when its entry expires.
        try await Command(["ceph", "osd", "blocklist", "ls"], environment: ["CEPH_CONF": cephConf])
            .run().checked("ceph osd blocklist ls")
            .split(separator: "\n").compactMap { $0.split(separator: " ").first.map(String.init) }
    }

    /// Evicts a client, as a host's heir does.
    func evict(_ client: StorageClient) async throws {
        _ = try await Command(
            ["ceph", "osd", "blocklist", "add", client.address],
            environment: ["CEPH_CONF": cephConf]
        ).run().checked("ceph osd blocklist add")
    }

    /// The number on a guest's disk.
    func counter(_ image: String) async throws -> Int {
        let text = try await Command(
            [Self.deploy.appending(path: "lab/counter").path, "vms/\(image)"],
            environment: ["CEPH_CONF": cephConf]
        ).run().checked("counter of \(image)")
        guard let number = Int(text.trimmingCharacters(in: .newlines)) else {
            throw SystemTestError("the counter of \(image) is no number: \(text)")
        }
        return number
    }

    /// A host's file, read from outside its namespaces; nil where there is none.
    func file(_ path: String, of host: HostID) -> String? {
        let url = folder.appending(path: "machines/\(host)/\(path)")
        return (try? Data(contentsOf: url)).map { String(decoding: $0, as: UTF8.self) }  // As said.
    }

    /// The lines of a host's agent that are about something.
    func agentLines(of host: HostID, about text: String) -> [String] {
        (file("agent.log", of: host) ?? "").split(separator: "\n").map(String.init)
            .filter { $0.contains(text) }
    }

    /// The machine's and its services' state.
    func machine(_ name: String) async throws -> MachineStatus {
        let text = try await tool("status", "-o", "json")
        let status = try JSONDecoder().decode(LabStatus.self, from: Data(text.utf8))
        guard let machine = status.machines.first(where: { $0.name == name }) else {
            throw SystemTestError("the lab has no machine \(name)")
        }
        return machine
    }

    /// The root namespace's address in the lab, which its machines reach.
    var rootAddress: String {
        let host = endpoint.dropFirst("http://".count).split(separator: ":")[0]
        return host.split(separator: ".").dropLast().joined(separator: ".") + ".1"
    }
}

/// What `metastack-lab status -o json` says of a machine.
struct MachineStatus: Decodable {
    struct Service: Decodable {
        var pid: pid_t?
        /// How often its watchdog fenced; nil for a service that is not watched.
        var fences: Int?
    }

    var name: String
    var services: [String: Service]
}

private struct LabStatus: Decodable {
    var machines: [MachineStatus]
}
