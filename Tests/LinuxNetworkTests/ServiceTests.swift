import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Addresses, router advertisements and names, from the host's own dnsmasq to its own guests.
@Suite struct ServiceTests {
    private struct Asking: Encodable {
        var `do`: String
        var client: String
        var mac: String?
        var address: String?
        var name: String?
        var kind: String?
        var patience = 6.0
    }

    private struct Advertisement: Decodable, Equatable {
        var from: String
        var flags: Int
        var lifetime: Int
        var prefixes: [String]
        var dns: [String]
        var mtu: Int
    }

    /// One guest on each of two hosts, of which only the first one's plane knows its own.
    private func inWorld(
        _ subnets: [Subnet], knowsAll: Bool = true,
        _ body: (Sandbox, [TestGuest], [NetworkPlane]) async throws -> Void
    ) async throws {
        try await Sandbox.run(hosts: 2) { sandbox in
            let network = try Make.vxlan("blue", vni: 70, subnets: subnets, domain: "example")
            var guests: [TestGuest] = []
            var planes: [NetworkPlane] = []
            for (host, number) in zip(sandbox.hosts, [10, 11]) {
                let port = try Make.port("tap0", "blue", number: number)
                let guest = try await TestGuest(
                    "g\(number)", on: host, port, in: sandbox, isConfigured: false)
                var wanted = try Make.wanted(
                    ["blue": network], [port], peers: sandbox.hosts.map(\.underlay))
                wanted.names[port.network] = [
                    "vm10": [try IPAddress("10.7.0.10"), try IPAddress("2001:db8:7::a")],
                    "vm11": [try IPAddress("10.7.0.11"), try IPAddress("2001:db8:7::b")],
                ]
                let plane = try await host.plane()
                let report = try await plane.converge(wanted)
                try await guest.start(on: #require(report.ready[port.network]).bridge)
                guests.append(guest)
                planes.append(plane)
            }
            try await body(sandbox, guests, planes)
        }
    }

    /// What udhcpc is told: `name=value` lines.
    private func dhcp(_ guest: TestGuest) async throws -> [String: String] {
        let script = "/run/\(guest.namespace)-udhcpc"
        try #"""
        #!/bin/sh
        [ "$1" = bound ] && env
        exit 0
        """#.write(toFile: script, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: script) }
        try await guest.commands.run("chmod", ["755", script])
        let result = try await guest.commands.attempt(
            "busybox",
            [
                "udhcpc", "-i", "eth0", "-n", "-q", "-f", "-s", script, "-t", "3", "-T", "1",
                "-O", "mtu", "-O", "staticroutes", "-O", "search",
            ])
        var found: [String: String] = [:]
        for line in result.output.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1).map(String.init)
            if parts.count == 2 { found[parts[0]] = parts[1] }
        }
        return found
    }

    @Test func eachHostGivesItsOwnGuestItsAddresses() async throws {
        try await inWorld(Make.subnets()) { sandbox, guests, _ in
            for guest in guests {
                let found = try await dhcp(guest)
                #expect(found["ip"] == "\(guest.port.ipv4)")
                #expect(found["serverid"] == "169.254.169.254")
                #expect(found["mtu"] == "1430")
                #expect(found["router"] == nil)
                #expect(found["domain"] == "blue.example")
                #expect(found["dns"] == "169.254.169.254")
                let addresses: [String]? = try await sandbox.tool(
                    Asking(do: "dhcpv6", client: guest.path, mac: "\(guest.port.mac)"))
                #expect(addresses == ["\(guest.port.ipv6)"])
                let advertisement: Advertisement? = try await sandbox.tool(
                    Asking(do: "advertisement", client: guest.path))
                // Addresses by DHCPv6, and no router.
                #expect(
                    advertisement
                        == Advertisement(
                            from: "fe80::a9fe:a9fe", flags: 0xc0, lifetime: 0,
                            prefixes: ["2001:db8:7::/64"], dns: ["fe80::a9fe:a9fe"], mtu: 1430))
            }
        }
    }

    @Test func aHostWithoutItsServiceLeavesItsGuestWithoutAddresses() async throws {
        try await inWorld(Make.subnets()) { sandbox, guests, _ in
            // Only the second host's dnsmasq is left, which must not be heard here.
            for files in ServiceFiles.all(in: guests[0].host.directory) {
                try await files.dnsmasq.end()
            }
            #expect(try await dhcp(guests[0]).isEmpty)
            let advertisement: Advertisement? = try await sandbox.tool(
                Asking(do: "advertisement", client: guests[0].path, patience: 1))
            #expect(advertisement == nil)
            #expect(try await dhcp(guests[1])["ip"] == "10.7.0.11")
        }
    }

    @Test func guestsHaveNames() async throws {
        try await inWorld(Make.subnets()) { sandbox, guests, _ in
            try await Sandbox.ip(
                ["address add 10.7.0.10/24 dev eth0", "route add 169.254.0.0/16 dev eth0"],
                in: guests[0].namespace)
            for (server, kind, answer) in [
                ("fe80::a9fe:a9fe", "AAAA", "2001:db8:7::b"), ("fe80::a9fe:a9fe", "A", "10.7.0.11"),
                ("169.254.169.254", "A", "10.7.0.11"),
            ] {
                let found: [String]? = try await sandbox.tool(
                    Asking(
                        do: "resolve", client: guests[0].path, address: server,
                        name: "vm11.blue.example", kind: kind))
                #expect(found == [answer], "\(server)")
            }
            let unknown: [String]? = try await sandbox.tool(
                Asking(
                    do: "resolve", client: guests[0].path, address: "fe80::a9fe:a9fe",
                    name: "vm99.blue.example", kind: "A"))
            #expect(unknown == [])
        }
    }

    @Test func aHostThatIsTheGatewayForwardsAndTranslates() async throws {
        let subnets = try [
            Subnet(
                prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                gatewayMode: .node, nat: true),
            Subnet(
                prefix: IPPrefix("2001:db8:7::/64"), gateway: IPAddress("2001:db8:7::1"),
                gatewayMode: .node),
        ]
        try await inWorld(subnets) { sandbox, guests, _ in
            for guest in guests {
                let found = try await dhcp(guest)
                #expect(found["router"] == "10.7.0.1")
                #expect(found["dns"] == "10.7.0.1")
                let advertisement: Advertisement? = try await sandbox.tool(
                    Asking(do: "advertisement", client: guest.path))
                #expect(advertisement?.lifetime == 1800)
                try await Sandbox.ip(
                    [
                        "address add \(guest.port.ipv4)/24 dev eth0",
                        "address add \(guest.port.ipv6)/64 dev eth0 nodad",
                        "route add default via 10.7.0.1",
                    ], in: guest.namespace)
                // The guest's kernel takes the advertisement for what it is.
                let routes = try await guest.commands.run("ip", ["-6", "route", "show", "default"])
                #expect(routes.contains("via fe80::a9fe:a9fe"))
            }
            // What is outside knows the hosts, and of IPv6 the way to the first one's guest.
            let outside = "\(sandbox.name)-lan"
            try await Sandbox.ip(
                [
                    "address add 192.0.2.99/24 dev lan", "address add fd00:77::99/64 dev lan nodad",
                    "route add 2001:db8:7::/64 via fd00:77::1",
                ], in: outside)
            try await Sandbox.ip(
                ["address add 192.0.2.1/24 dev eth0"], in: sandbox.hosts[0].namespace)
            #expect(try await guests[0].reaches(IPAddress("192.0.2.99")))
            #expect(try await guests[0].reaches(IPAddress("fd00:77::99")))
            // The host itself is none of a guest's business, nor is the host next door.
            for address in ["192.0.2.1", "fd00:77::1"] {
                let answers = try await guests[0].reaches(IPAddress(address))
                #expect(!answers, "\(address)")
            }
            // The gateway that answers is the guest's own host's, and only that.
            let neighbours = try await guests[0].commands.run("ip", ["neigh", "show", "10.7.0.1"])
            let names = NetworkNames(guests[0].port.network)
            #expect(neighbours.contains(names.serviceMAC))
        }
    }
}
