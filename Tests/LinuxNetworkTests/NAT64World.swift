import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Two hosts with a network of IPv6 alone, and an IPv4 world outside that knows the way to each guest's
/// address as an operator's routers would.
struct NAT64World {
    struct Connecting: Encodable {
        var `do` = "connect"
        var server: String
        var client: String
        var bind: String?
        var source: String?
        var address: String
        var port = 80
        var patience = 2.0
        var tells = true
        var opened: String?
        var goOn: String?
    }

    static let outsiders = ["192.0.2.99", "192.0.2.66", "9.9.9.9"]

    var sandbox: Sandbox
    var wanted: HostNetworks
    var network: Network
    var planes: [NetworkPlane]

    var outside: String { "/run/netns/\(sandbox.name)-lan" }

    static func run(
        prefix: String = "fd00:64::/96", groups: [String: [SecurityRule]] = [:],
        _ body: (inout NAT64World) async throws -> Void
    ) async throws {
        try await Sandbox.run(hosts: 2, underlay: .ipv4) { sandbox in
            let network = try Network(
                name: ResourceName("six"), kind: .vxlan(vni: 6, group: nil, port: 4789),
                subnets: [
                    Subnet(
                        prefix: IPPrefix("2001:db8:7::/64"), gateway: IPAddress("2001:db8:7::1"),
                        gatewayMode: .node)
                ],
                nat64: NAT64(ipv4: IPPrefix("198.51.100.0/28"), prefix: IPPrefix(prefix)))
            var wanted = try Make.wanted(
                ["six": network], [], peers: sandbox.hosts.map(\.underlay))
            for (name, rules) in groups {
                wanted.groups[try SecurityGroupID(name)] = SecurityGroup(
                    name: try ResourceName(name), rules: rules)
            }
            try await Sandbox.ip(
                outsiders.map { "address add \($0)/24 dev lan" }, in: "\(sandbox.name)-lan")
            for host in sandbox.hosts {
                try await Sandbox.ip(["route add default via 192.0.2.99"], in: host.namespace)
            }
            var world = NAT64World(
                sandbox: sandbox, wanted: wanted, network: network,
                planes: [try await sandbox.hosts[0].plane(), try await sandbox.hosts[1].plane()])
            try await body(&world)
        }
    }

    func port(_ number: Int, groups: [String] = []) throws -> GuestPort {
        try Make.port("tap\(number)", "six", number: number, v4: "198.51.100.", groups: groups)
    }

    /// What a host is told, with these guests on it.
    func wishes(_ ports: [GuestPort]) -> HostNetworks {
        var wishes = wanted
        wishes.ports = ports
        return wishes
    }

    /// Starts guests on a host, which the routers outside learn of.
    ///
    /// - Parameter present: those that are there.
    func start(
        _ ports: [GuestPort], on index: Int, beside present: [GuestPort] = []
    ) async throws -> [TestGuest] {
        let host = sandbox.hosts[index]
        let report = try await planes[index].converge(wishes(present + ports))
        #expect(report.problems.isEmpty)
        var guests: [TestGuest] = []
        for port in ports {
            let guest = try await TestGuest(
                "\(port.interface)-\(index)", on: host, port, in: sandbox, isConfigured: false,
                mtu: 1450)
            try await join(guest, #require(report.ready[port.network]).bridge)
            guests.append(guest)
        }
        return guests
    }

    /// Moves a guest while its programs run, as libvirt, QEMU and the routers outside do.
    func move(_ guest: TestGuest, to index: Int) async throws -> TestGuest {
        let host = sandbox.hosts[index]
        var port = guest.port
        port.hasArrived = true
        let report = try await planes[index].converge(wishes([port]))
        let moved = try await guest.moved(to: host, mtu: 1450, addresses: [])
        try await join(moved, #require(report.ready[port.network]).bridge)
        _ = try await planes[guest.host.number - 1].converge(wishes([]))
        return moved
    }

    private func join(_ guest: TestGuest, _ bridge: String) async throws {
        let port = guest.port
        try await guest.start(on: bridge)
        try await Sandbox.ip(
            [
                "address add \(port.ipv6)/64 dev eth0 nodad",
                "route replace default via \(ServiceAddresses.ipv6) dev eth0",
            ], in: guest.namespace)
        try await Sandbox.ip(
            ["route replace \(port.ipv4) via \(guest.host.underlay)"], in: "\(sandbox.name)-lan")
    }

    /// From outside to a guest's IPv4 address.
    func inward(
        to guest: TestGuest, from source: String = "192.0.2.99", port: Int = 80,
        as word: String = "connect", patience: Double = 2
    ) async throws -> String {
        try await sandbox.tool(
            Connecting(
                do: word, server: guest.path, client: outside, bind: "\(guest.port.ipv6)",
                source: source, address: "\(guest.port.ipv4)", port: port, patience: patience))
    }

    /// From a guest to somebody outside who has IPv4 alone.
    func outward(
        from guest: TestGuest, to address: String = "192.0.2.99", port: Int = 80
    ) async throws -> String {
        try await sandbox.tool(
            Connecting(
                server: outside, client: guest.path, bind: address,
                address: "\(seen(address))", port: port))
    }

    /// An IPv4 address as guests see it.
    func seen(_ address: String) throws -> IPAddress {
        let nat64 = try #require(network.nat64)
        return nat64.embedded(try IPAddress(address))
    }

    func pingsInward(_ guest: TestGuest, size: Int = 56) async throws -> String? {
        let arguments = ["-q", "-c", "1", "-W", "2", "-M", "do", "-s", "\(size)"]
        return try await HostCommands(namespace: outside).attempt(
            "ping", arguments + ["\(guest.port.ipv4)"]
        ).complaint
    }
}
