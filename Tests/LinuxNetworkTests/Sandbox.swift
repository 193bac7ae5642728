import Foundation
import MetaStackModel

@testable import LinuxNetwork

/// Hosts and guests as network namespaces, joined by an underlay, for the time of one test.
///
/// Everything is named after a random number, and all of it goes in the end, whatever the test did.
/// Nothing touches the links of the machine that the tests run on.
final class Sandbox: Sendable {
    let name: String
    let hosts: [TestHost]
    private let directory: String
    private static let machine = HostCommands(namespace: nil)

    private init(hosts count: Int, family: IPAddress.Family) throws {
        name = "ln" + String(UInt32.random(in: 0...(.max)), radix: 16)
        directory = "/run/\(name)"
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        var hosts: [TestHost] = []
        for number in 1...count {
            let underlay = try IPAddress(
                family == .ipv6 ? "fd00:77::\(number)" : "192.0.2.\(number)")
            hosts.append(
                TestHost(sandbox: name, number: number, directory: directory, underlay: underlay))
        }
        self.hosts = hosts
    }

    /// Runs a test among hosts with an underlay of 1500 bytes, and cleans up.
    static func run(
        hosts: Int = 1, underlay family: IPAddress.Family = .ipv6,
        _ body: (Sandbox) async throws -> Void
    ) async throws {
        let sandbox = try Sandbox(hosts: hosts, family: family)
        do {
            try await sandbox.make()
            try await body(sandbox)
        } catch {
            try await sandbox.remove()
            throw error
        }
        try await sandbox.remove()
    }

    private func make() async throws {
        var lines = ["netns add \(name)-lan"]
        for host in hosts { lines.append("netns add \(host.namespace)") }
        try await Self.ip(lines)
        var inside = ["link add name lan type bridge", "link set lan up"]
        for host in hosts {
            inside += [
                "link add name h\(host.number) type veth peer name eth0 netns \(host.namespace)",
                "link set h\(host.number) master lan up",
            ]
        }
        try await Self.ip(inside, in: "\(name)-lan")
        for host in hosts {
            let length = host.underlay.family == .ipv6 ? "64 nodad" : "24"
            try await Self.ip(
                [
                    "link set lo up", "link set eth0 up",
                    "address add \(host.underlay)/\(length) dev eth0",
                ], in: host.namespace)
        }
        for host in hosts { try await host.settle() }
    }

    private func remove() async throws {
        for host in hosts {
            for files in ServiceFiles.all(in: host.directory) {
                try await files.dnsmasq.end()
                try await KernelOffer.translator.daemon(files)?.end()
                if Namespaces.isMounted(files.namespace) {
                    try await Self.machine.run("umount", [files.namespace])
                }
            }
        }
        let list = try await Self.machine.run("ip", ["netns", "list"])
        let own = list.split(separator: "\n").compactMap { $0.split(separator: " ").first }
            .filter { $0.hasPrefix("\(name)-") }
        try await Self.ip(own.map { "netns delete \($0)" })
        try FileManager.default.removeItem(atPath: directory)
    }

    static func ip(_ lines: [String], in namespace: String? = nil) async throws {
        let commands = HostCommands(namespace: namespace.map { "/run/netns/\($0)" })
        try await commands.run("ip", ["-batch", "-"], input: lines.joined(separator: "\n") + "\n")
    }

    /// A file that a test may write.
    func file(_ name: String) -> String { "\(directory)/\(name)" }

    /// What the tool answers to a task.
    func tool<Answer: Decodable>(
        _ task: some Encodable, as type: Answer.Type = Answer.self
    ) async throws -> Answer {
        let input = String(decoding: try JSONEncoder().encode(task), as: UTF8.self)
        let output = try await Self.machine.run("python3", ["-c", NetTool.script], input: input)
        return try JSONDecoder().decode(Answer.self, from: Data(output.utf8))
    }
}

/// A host: a namespace with one link to the others.
struct TestHost: Sendable {
    let namespace: String
    let number: Int
    let directory: String
    let underlay: IPAddress

    init(sandbox: String, number: Int, directory: String, underlay: IPAddress) {
        namespace = "\(sandbox)-h\(number)"
        self.number = number
        self.directory = "\(directory)/h\(number)"
        self.underlay = underlay
    }

    var commands: HostCommands { HostCommands(namespace: "/run/netns/\(namespace)") }

    /// Returns when the kernel has given the link its own address, which takes it a second or two.
    fileprivate func settle() async throws {
        let own = ["-6", "-o", "address", "show", "dev", "eth0", "scope", "link", "-tentative"]
        for _ in 0..<200 {
            if try await !commands.run("ip", own).isEmpty { return }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw Unsettled()
    }

    private struct Unsettled: Error {}

    /// What an agent that starts has: it knows nothing of what an earlier one did.
    func plane(
        offer: KernelOffer? = nil, limits: MetadataLimits = MetadataLimits()
    ) async throws -> NetworkPlane {
        let bridge = try InterfaceName("br0")
        let settings = PlaneSettings(
            directory: directory, bridge: bridge, underlay: underlay,
            namespace: "/run/netns/\(namespace)")
        return NetworkPlane(settings, offer: try await Self.offer(offer), limits: limits)
    }

    /// The same where Open vSwitch makes the networks; its sockets are in a directory.
    func plane(switch directory: String) async throws -> NetworkPlane {
        let settings = PlaneSettings(
            directory: self.directory, bridge: try InterfaceName("br0"),
            namespace: "/run/netns/\(namespace)", driver: .openVSwitch, switchDirectory: directory)
        return NetworkPlane(settings, offer: try await KernelOffer.probe(for: .openVSwitch))
    }

    private static func offer(_ given: KernelOffer?) async throws -> KernelOffer {
        if let given { return given }
        return try await KernelOffer.probe()
    }

    /// Everything that a plane could leave here, as text.
    func inventory() async throws -> String {
        let links = try await commands.run("ip", ["-o", "address", "show"])
        let names = try await commands.run("ip", ["-o", "link", "show"])
        let routes = try await commands.run("ip", ["route", "show", "table", "all"])
        let rules = try await commands.run("nft", ["list", "ruleset"])
        let forwards = try await commands.run(
            "sysctl", ["net.ipv4.ip_forward", "net.ipv6.conf.all.forwarding"])
        let files = (try? FileManager.default.subpathsOfDirectory(atPath: directory)) ?? []
        let mounts = ServiceFiles.all(in: directory).map(\.namespace)
            .filter(Namespaces.isMounted)
        let processes = try FileManager.default.contentsOfDirectory(atPath: "/proc")
            .filter { name in
                let words = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
                return words.map { String(decoding: $0, as: UTF8.self).contains("\(directory)/") }
                    ?? false
            }
        return [
            links.lifetimesStripped, names, routes, rules, forwards, files.joined(separator: " "),
            mounts.joined(separator: "\n"), "\(processes.count) processes",
        ].joined(separator: "\n--\n")
    }
}

extension String {
    fileprivate var lifetimesStripped: String { replacing(#/(valid|preferred)_lft \w+/#, with: "") }
}

/// A guest: a namespace with one NIC, whose other end is on its host.
struct TestGuest: Sendable {
    let namespace: String
    let host: TestHost
    let port: GuestPort

    var path: String { "/run/netns/\(namespace)" }
    var commands: HostCommands { HostCommands(namespace: path) }

    /// Makes it, with its addresses set by hand where it asks nobody for them, and not yet on a bridge.
    init(
        _ name: String, on host: TestHost, _ port: GuestPort, in sandbox: Sandbox,
        isConfigured: Bool = true, mtu: Int = 1430
    ) async throws {
        namespace = "\(sandbox.name)-\(name)"
        self.host = host
        self.port = port
        try await Sandbox.ip(["netns add \(namespace)"])
        try await makeNIC(mtu: mtu, addresses: isConfigured ? port.addresses : [])
    }

    private init(namespace: String, host: TestHost, port: GuestPort) {
        self.namespace = namespace
        self.host = host
        self.port = port
    }

    private func makeNIC(mtu: Int, addresses: [IPAddress]) async throws {
        try await Sandbox.ip(
            [
                "link add name \(port.interface) mtu \(mtu) type veth peer name eth0 mtu \(mtu) "
                    + "address \(port.mac) netns \(namespace)"
            ], in: host.namespace)
        var lines = ["link set lo up", "link set eth0 up"]
        lines += addresses.map {
            "address add \($0)/\($0.family == .ipv4 ? "24" : "64 nodad") dev eth0"
        }
        try await Sandbox.ip(lines, in: namespace)
    }

    /// A live move: its NIC is on another host, not yet on a bridge, and its programs have noticed nothing.
    func moved(to host: TestHost, mtu: Int, addresses: [IPAddress]) async throws -> TestGuest {
        try await stop()
        let guest = TestGuest(namespace: namespace, host: host, port: port)
        try await guest.makeNIC(mtu: mtu, addresses: addresses)
        return guest
    }

    /// What libvirt does with a NIC when its guest starts.
    func start(on bridge: String) async throws {
        try await Sandbox.ip(
            ["link set \(port.interface) master \(bridge) up"], in: host.namespace)
    }

    /// What the kernel does when the guest's process ends.
    func stop() async throws {
        try await Sandbox.ip(["link delete \(port.interface)"], in: host.namespace)
    }

    /// Whether an address answers within two seconds.
    func reaches(_ address: IPAddress, size: Int = 56) async throws -> Bool {
        let arguments = ["-q", "-c", "1", "-W", "2", "-M", "do", "-s", "\(size)", "\(address)"]
        return try await commands.attempt("ping", arguments).complaint == nil
    }
}
