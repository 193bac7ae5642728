import Foundation
import LinuxNetwork
import MetaStackModel
import Subprocess

/// Hosts and guests as network namespaces, for the time of one benchmark.
struct BenchNetwork: Sendable {
    static let networkID = NetworkID(unchecked: "bench")
    static let group = SecurityGroupID(unchecked: "bench")

    let name: String
    let hosts: [BenchHost]

    /// - Parameter count: 1, or 2 that have a link to each other.
    static func run<Result>(
        hosts count: Int, _ body: (BenchNetwork) async throws -> Result
    ) async throws -> Result {
        let name = "bench" + String(UInt32.random(in: 0...(.max)), radix: 16)
        let hosts = (1...count).map { BenchHost(name: "\(name)-h\($0)", number: $0) }
        let world = BenchNetwork(name: name, hosts: hosts)
        let result: Result
        do {
            try await world.make()
            result = try await body(world)
        } catch {
            // What went wrong first is what the reader has to know.
            try? await world.remove()
            throw error
        }
        try await world.remove()
        return result
    }

    private func make() async throws {
        for host in hosts { try await BenchHost.run("ip", "netns", "add", host.name) }
        let peer = hosts.count > 1 ? " netns \(hosts[1].name)" : ""
        try await hosts[0].ip(
            "link add eth0 type veth peer name \(peer.isEmpty ? "eth1" : "eth0")\(peer)")
        for host in hosts {
            try await host.ip("link set lo up")
            try await host.ip("link set eth0 up")
            try await host.ip("address add \(host.underlay)/64 dev eth0 nodad")
        }
    }

    private func remove() async throws {
        for host in hosts { _ = try await host.plane().converge(HostNetworks()) }
        let list = try await BenchHost.run("ip", "netns", "list")
        for line in list.split(separator: "\n") where line.hasPrefix("\(name)-") {
            let namespace = line.prefix { $0 != " " }
            try await BenchHost.run("ip", "netns", "delete", String(namespace))
        }
        for host in hosts { try? FileManager.default.removeItem(atPath: host.directory) }
    }

    // MARK: What is wanted

    static func port(_ number: Int) throws -> GuestPort {
        let (high, low) = (number / 250, number % 250 + 2)
        let digits = [high, low].map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }
        return try GuestPort(
            interface: InterfaceName("tap\(number)"), network: networkID,
            mac: MACAddress("02:00:00:00:\(digits[0]):\(digits[1])"),
            addresses: [
                IPAddress("10.7.\(high).\(low)"),
                IPAddress("2001:db8:7::\(String(number + 2, radix: 16))"),
            ], groups: [group], name: "vm\(number)")
    }

    /// - Parameter all: those of the network on all hosts.
    static func wanted(
        _ ports: [GuestPort], all: [GuestPort], peer: IPAddress
    ) throws -> HostNetworks {
        var wanted = HostNetworks()
        wanted.networks[networkID] = try Network(
            name: ResourceName("bench"), kind: .vxlan(vni: 70, group: nil, port: 4789), mtu: nil,
            subnets: ["10.7.0.0/22", "2001:db8:7::/64"].map { try Subnet(prefix: IPPrefix($0)) },
            domain: nil)
        wanted.peers[networkID] = [peer]
        wanted.ports = ports
        wanted.groups[group] = SecurityGroup(
            name: try ResourceName("bench"),
            rules: [
                try SecurityRule(direction: .ingress, protocol: .tcp, ports: PortRange("22")),
                try SecurityRule(direction: .ingress, remote: .group("bench")),
            ])
        wanted.members[group] = Set(
            all.flatMap(\.addresses).map { AddressID(network: networkID, address: $0) })
        return wanted
    }

    // MARK: Guests

    func guest(_ port: GuestPort) -> BenchHost {
        BenchHost(name: "\(name)-\(port.interface)", number: 0)
    }

    /// - Parameter addresses: those that it has itself, where that is not all of its port's.
    func makeGuest(
        _ port: GuestPort, on host: BenchHost, has addresses: [IPAddress]? = nil
    ) async throws {
        let guest = guest(port)
        try await BenchHost.run("ip", "netns", "add", guest.name)
        try await host.ip(
            "link add \(port.interface) mtu 1430 type veth peer name eth0 mtu 1430 "
                + "address \(port.mac) netns \(guest.name)")
        try await host.ip(
            "link set \(port.interface) master \(NetworkNames(Self.networkID).bridge) up")
        try await guest.ip("link set lo up")
        try await guest.ip("link set eth0 up")
        for address in addresses ?? port.addresses {
            let suffix = address.family == .ipv4 ? "/22" : "/64 nodad"
            try await guest.ip("address add \(address)\(suffix) dev eth0")
        }
    }

    /// Gbit/s of one TCP connection.
    func throughput(
        from sender: BenchHost, to receiver: GuestPort, at address: IPAddress, seconds: Int
    ) async throws -> Double {
        // It serves one client and ends.
        async let server: String = guest(receiver).inside("iperf3", "--server", "--one-off")
        var rate: Double?
        for _ in 0..<50 where rate == nil {
            rate = try Self.received(
                try? await sender.inside(
                    "iperf3", "--client", "\(address)", "--time", "\(seconds)", "--json"))
            // Its server may not listen yet.
            if rate == nil { try await Task.sleep(for: .milliseconds(100)) }
        }
        guard let rate else {
            throw BenchmarkError(description: "no answer of iperf3 at \(address)")
        }
        _ = try await server
        return rate / 1e9
    }

    /// Bits a second; nil where the report is that of a connection that was not made.
    private static func received(_ report: String?) throws -> Double? {
        struct Report: Decodable {
            struct End: Decodable {
                struct Sum: Decodable {
                    var rate: Double

                    enum CodingKeys: String, CodingKey { case rate = "bits_per_second" }
                }

                var received: Sum?

                enum CodingKeys: String, CodingKey { case received = "sum_received" }
            }

            var end: End
        }
        guard let report else { return nil }
        return try JSONDecoder().decode(Report.self, from: Data(report.utf8)).end.received?.rate
    }

    /// The median of many in µs.
    func roundTrip(from sender: BenchHost, to address: IPAddress) async throws -> Double {
        let printed = try await sender.inside("ping", "-c", "500", "-i", "0.002", "\(address)")
        let times = printed.split(separator: "\n").compactMap { line in
            line.firstMatch(of: /time=([0-9.]+) ms/).flatMap { Double($0.1) }
        }.sorted()
        guard times.count > 400 else {
            throw BenchmarkError(description: "lost pings:\n\(printed)")
        }
        return times[times.count / 2] * 1000
    }
}

/// A network namespace that plays a host, or a guest.
struct BenchHost: Sendable {
    let name: String
    let number: Int

    var directory: String { "/run/\(name)" }
    var underlay: IPAddress { Self.underlay(number) }
    /// The other host of two.
    var peer: IPAddress { Self.underlay(3 - number) }

    private static func underlay(_ number: Int) -> IPAddress {
        IPAddress(.ipv6, 0xfd00_0077 << 96 + UInt128(number))
    }

    /// What an agent that starts has.
    func plane() async throws -> NetworkPlane {
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true)
        let settings = PlaneSettings(
            directory: directory, bridge: try InterfaceName("br0"), underlay: underlay,
            namespace: "/run/netns/\(name)")
        return NetworkPlane(settings, offer: try await KernelOffer.probe())
    }

    /// Takes all rules away, and the bridge's way past those of the IP layers.
    func dropProtection() async throws {
        try await inside("nft", "flush", "ruleset")
        try await ip(
            "link set \(NetworkNames(BenchNetwork.networkID).bridge) type bridge "
                + "nf_call_iptables 0 nf_call_ip6tables 0")
    }

    /// Links that stand for guests' NICs.
    func makeTaps(_ ports: [GuestPort], on bridge: String) async throws {
        for port in ports {
            try await ip("tuntap add dev \(port.interface) mode tap")
            try await ip("link set \(port.interface) master \(bridge) up")
        }
    }

    func ip(_ words: String) async throws {
        try await Self.run(
            "ip", ["-n", name] + words.split(separator: " ").map(String.init))
    }

    @discardableResult
    func inside(_ command: String...) async throws -> String {
        try await Self.run("ip", ["netns", "exec", name] + command)
    }

    @discardableResult
    static func run(_ program: String, _ arguments: String...) async throws -> String {
        try await run(program, arguments)
    }

    @discardableResult
    static func run(_ program: String, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), output: .string(limit: 1 << 24),
            error: .string(limit: 1 << 16))
        guard result.terminationStatus.isSuccess else {
            throw BenchmarkError(
                description: "\(program) \(arguments.joined(separator: " ")): "
                    + "\(result.standardOutput)\(result.standardError)")
        }
        return result.standardOutput
    }
}
