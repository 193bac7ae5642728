import Foundation
import MetaStackModel

@testable import LinuxNetwork

/// Open vSwitch of one host of a test: daemons, a database and sockets of its own, with the datapath in
/// user space, which needs nothing of the kernel.
struct TestSwitch: Sendable {
    let host: TestHost
    let directory: String

    static let daemons = ["ovs-vswitchd", "ovsdb-server"]

    init(on host: TestHost, in sandbox: Sandbox) {
        self.host = host
        directory = sandbox.file("switch\(host.number)")
    }

    /// Starts it, with a bridge `br0` that `eth0` of the host is on.
    func start() async throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        try await run("ovsdb-tool", "create", "\(directory)/db", Self.schema)
        try await daemon("ovsdb-server", "\(directory)/db", "--remote=punix:\(directory)/db.sock")
        try await run("ovs-vsctl", "--no-wait", "init")
        // Guests leave checksums to be made by whoever sends their frames on.
        try await run(
            "ovs-vsctl", "--no-wait", "set", "Open_vSwitch", ".",
            "other_config:userspace-tso-enable=true")
        try await startSwitch()
        try await change(
            "add-br", "br0", "--", "set", "Bridge", "br0", "datapath_type=netdev", "--", "add-port",
            "br0", "eth0")
    }

    private static let schema = "/usr/share/openvswitch/vswitch.ovsschema"

    func startSwitch() async throws {
        try await daemon("ovs-vswitchd", "unix:\(directory)/db.sock")
    }

    private func daemon(_ name: String, _ arguments: String...) async throws {
        try await run(
            [name] + arguments + [
                "--pidfile=\(file(name))", "--unixctl=\(directory)/\(name).ctl", "--detach",
                "--no-chdir", "--log-file=\(directory)/\(name).log", "-vconsole:off",
            ])
    }

    private func file(_ daemon: String) -> String { "\(directory)/\(daemon).pid" }

    /// Ends a daemon and waits for that; nothing where it does not run.
    func end(_ daemon: String) async throws {
        guard let data = FileManager.default.contents(atPath: file(daemon)),
            let process = pid_t(
                String(decoding: data, as: UTF8.self).trimmingCharacters(in: .newlines))
        else { return }
        kill(process, SIGTERM)
        while FileManager.default.fileExists(atPath: "/proc/\(process)") {
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    func end() async throws {
        for daemon in Self.daemons { try await end(daemon) }
    }

    // MARK: Commands

    @discardableResult
    func run(_ words: [String]) async throws -> String {
        try await host.commands.run("env", ["OVS_RUNDIR=\(directory)"] + words)
    }

    @discardableResult
    func run(_ words: String...) async throws -> String { try await run(words) }

    @discardableResult
    func change(_ words: String...) async throws -> String {
        try await run(["ovs-vsctl", "--timeout=10", "--"] + words)
    }

    @discardableResult
    func flows(_ words: String...) async throws -> String {
        try await run(["ovs-ofctl", "-O", VirtualSwitch.protocol] + words)
    }

    /// What libvirt does with a NIC on one of its bridges when its guest starts
    /// (`virNetDevOpenvswitchAddPort`).
    func start(_ guest: TestGuest, on bridge: String) async throws {
        let name = guest.port.interface.text
        try await change(
            "--may-exist", "add-port", bridge, name, "--", "set", "Interface", name,
            "external-ids:attached-mac=\"\(guest.port.mac)\"", "--", "set", "Interface", name,
            "external-ids:iface-status=active")
        try await Sandbox.ip(["link set \(name) up"], in: host.namespace)
    }

    /// What libvirt and the kernel do when it ends.
    func stop(_ guest: TestGuest) async throws {
        try await change("--if-exists", "del-port", guest.port.interface.text)
        try await guest.stop()
    }

    /// What its database has, without what counts.
    func rows() async throws -> SwitchReading {
        try await VirtualSwitch(commands: host.commands, directory: directory).read()
    }
}
