import Foundation

/// Open vSwitch of a benchmark's host: a database and sockets of its own, and the datapath in user space.
struct BenchSwitch: Sendable {
    let host: BenchHost

    private var directory: String { "\(host.directory)/switch" }
    /// By which its programs find it.
    var environment: String { "OVS_RUNDIR=\(directory)" }

    private static let schema = "/usr/share/openvswitch/vswitch.ovsschema"
    private static let (database, forwarder) = ("ovsdb-server", "ovs-vswitchd")

    /// Starts it, with a bridge `br0`.
    func start() async throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        try await BenchHost.run("ovsdb-tool", "create", "\(directory)/db", Self.schema)
        let socket = "\(directory)/db.sock"
        try await daemon(Self.database, "\(directory)/db", "--remote=punix:\(socket)")
        try await run("ovs-vsctl", "--no-wait", "init")
        try await daemon(Self.forwarder, "unix:\(socket)")
        try await run(
            "ovs-vsctl", "add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=netdev")
    }

    func end() async throws {
        for name in [Self.forwarder, Self.database] {
            try await run("ovs-appctl", "--target=\(directory)/\(name).ctl", "exit")
        }
    }

    private func daemon(_ name: String, _ arguments: String...) async throws {
        try await run(
            [name] + arguments + [
                "--unixctl=\(directory)/\(name).ctl", "--pidfile=\(directory)/\(name).pid",
                "--log-file=\(directory)/\(name).log", "--detach", "--no-chdir", "-vconsole:off",
            ])
    }

    private func run(_ words: String...) async throws { try await run(words) }

    private func run(_ words: [String]) async throws {
        try await BenchHost.run(
            "ip", ["netns", "exec", host.name, "env", environment] + words)
    }
}
