import Foundation
import LinuxNetwork
import MetaStackModel

/// What the translation of guests' addresses costs (NAT64): one guest of IPv6 alone, and somebody outside who
/// comes to it by IPv6, routed, and by IPv4, translated, in turns.
extension NetworksBenchmark {
    private static let outsider = "192.0.2.2"
    private static let translated = "198.51.100.10"

    func translation(in world: BenchNetwork) async throws {
        let (host, outside) = (world.hosts[0], world.hosts[1])
        let port = try GuestPort(
            interface: InterfaceName("tap0"), network: BenchNetwork.networkID,
            mac: MACAddress("02:00:00:00:00:0a"),
            addresses: [IPAddress(Self.translated), IPAddress("2001:db8:7::a")], groups: [],
            name: "vm0")
        let plane = try await host.plane()
        let report = try await plane.converge(Self.wanted(port))
        guard report.problems.isEmpty else {
            throw BenchmarkError(description: "no NAT64: \(report.problems)")
        }
        try await world.makeGuest(port, on: host, has: [port.addresses[1]])
        try await world.guest(port).ip(
            "route add default via \(ServiceAddresses.ipv6) dev eth0")
        try await host.ip("address add 192.0.2.1/24 dev eth0")
        try await outside.ip("address add \(Self.outsider)/24 dev eth0")
        try await outside.ip("route add \(Self.translated) via 192.0.2.1")
        try await outside.ip("route add 2001:db8:7::/64 via \(host.underlay)")

        var pair = Pair(names: ["IPv4, translated", "IPv6, routed"])
        for _ in 0..<rounds {
            for isTranslated in [true, false] {
                let address = port.addresses[isTranslated ? 0 : 1]
                let rate = try await world.throughput(
                    from: outside, to: port, at: address, seconds: seconds)
                let trip = try await world.roundTrip(from: outside, to: address)
                pair.add(rate, trip, isFirst: isTranslated)
            }
        }
        pair.print("from outside to a guest")
    }

    private static func wanted(_ port: GuestPort) throws -> HostNetworks {
        var wanted = HostNetworks()
        wanted.networks[port.network] = try Network(
            name: ResourceName("bench"), kind: .vxlan(vni: 70, group: nil, port: 4789),
            subnets: [
                Subnet(
                    prefix: IPPrefix("2001:db8:7::/64"), gateway: IPAddress("2001:db8:7::1"),
                    gatewayMode: .node)
            ],
            nat64: NAT64(ipv4: IPPrefix("198.51.100.0/28"), prefix: IPPrefix("fd00:64::/96")))
        wanted.ports = [port]
        return wanted
    }
}
