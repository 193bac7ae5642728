import Foundation
import MetaStackModel

@testable import LinuxNetwork

/// Open vSwitch of one host of a test: daemons, a database and sockets of its own, with the datapath in
/// user space, which needs nothing of the kernel.
struct TestSwitch: Sendable {
    let host: TestHost
    let directory: String

    init(on host: TestHost, in sandbox: Sandbox) {
        self.host = host
        directory = sandbox.file("switch\(host.number)")
    }

    /// Starts it, with a bridge `br0` that `eth0` of the host is on.
    func start() async throws {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        try await run("ovsdb-tool", "create", "\(directory)/db", Self.schema)
        try await database.start(host.commands)
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

    func startSwitch() async throws { try await switching.start(host.commands) }

    /// Ends the switch and leaves its database; its flows go with it.
    func endSwitch() async throws { try await switching.end() }

    func endDatabase() async throws { try await database.end() }

    func end() async throws {
        try await endSwitch()
        try await endDatabase()
    }

    private var switching: Daemon { daemon("ovs-vswitchd", "unix:\(directory)/db.sock") }

    private var database: Daemon {
        daemon("ovsdb-server", "\(directory)/db", "--remote=punix:\(directory)/db.sock")
    }

    private func daemon(_ name: String, _ arguments: String...) -> Daemon {
        let (mark, file) = ("--unixctl=\(directory)/\(name).ctl", "\(directory)/\(name).pid")
        return Daemon(
            program: "env",
            arguments: ["OVS_RUNDIR=\(directory)", name] + arguments + [
                mark, "--pidfile=\(file)", "--detach", "--no-chdir",
                "--log-file=\(directory)/\(name).log", "-vconsole:off",
            ], mark: mark, file: file)
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
