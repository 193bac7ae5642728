import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Networks on a bridge of the host's own, which the host itself is on.
@Suite struct SharedBridgeTests {
    private struct Connecting: Encodable {
        var `do` = "connect"
        var server: String
        var client: String
        var address = "10.7.0.254"
        var port = 8080
        var patience = 0.6
    }

    /// Two guests on a bridge where the host has 10.7.0.254.
    private func inWorld(
        _ subnets: [Subnet],
        _ body: (Sandbox, [TestGuest], HostNetworks, NetworkPlane) async throws -> Void
    ) async throws {
        try await Sandbox.run { sandbox in
            let host = sandbox.hosts[0]
            try await Sandbox.ip(
                [
                    "link add name br0 type bridge", "address add 10.7.0.254/24 dev br0",
                    "link set br0 up",
                ], in: host.namespace)
            // As operators of bridges are told to.
            try await host.commands.run(
                "sysctl",
                [
                    "-q", "-w", "net.bridge.bridge-nf-call-iptables=0",
                    "net.bridge.bridge-nf-call-ip6tables=0",
                ])
            let network = try Network(
                name: ResourceName("office"), kind: .bridge(nil), subnets: subnets)
            let ports = try [10, 11].map {
                try Make.port("tap\($0)", "office", number: $0, groups: $0 == 11 ? ["shut"] : [])
            }
            var wanted = try Make.wanted(["office": network], ports)
            wanted.groups[try SecurityGroupID("shut")] = SecurityGroup(
                name: try ResourceName("shut"))
            let plane = try await host.plane()
            let report = try await plane.converge(wanted)
            #expect(report.ready[ports[0].network]?.bridge == "br0")
            var guests: [TestGuest] = []
            for port in ports {
                let guest = try await TestGuest(
                    "g\(guests.count)", on: host, port, in: sandbox, mtu: 1500)
                try await guest.start(on: "br0")
                guests.append(guest)
            }
            try await body(sandbox, guests, wanted, plane)
        }
    }

    @Test func guestsReachEachOtherAndNotTheirHost() async throws {
        try await inWorld(Make.subnets(v6: nil)) { sandbox, guests, _, _ in
            let host = try IPAddress("10.7.0.254")
            let outward = try await guests[1].reaches(guests[0].port.ipv4)
            let inward = try await guests[0].reaches(guests[1].port.ipv4)
            let toHost = try await guests[0].reaches(host)
            #expect(outward && !inward && !toHost)
            let server = "/run/netns/\(guests[0].host.namespace)"
            let refused: String = try await sandbox.tool(
                Connecting(server: server, client: guests[0].path))
            #expect(refused == "refused")
            // The host may ask its guests, and gets the answers.
            let answer = try await guests[0].host.commands.attempt(
                "ping", ["-q", "-c", "1", "-W", "2", "\(guests[0].port.ipv4)"])
            #expect(answer.complaint == nil)
        }
    }

    @Test func theBridgeIsAsItWasAfterwards() async throws {
        try await inWorld(Make.subnets()) { _, guests, _, plane in
            let host = guests[0].host
            func shown() async throws -> String {
                try await host.commands.run("ip", ["-d", "link", "show", "br0"])
            }
            #expect(try await shown().contains("nf_call_iptables 1"))
            for guest in guests { try await guest.stop() }
            // By another agent than the one that began.
            _ = try await host.plane().converge(HostNetworks())
            #expect(try await shown().contains("nf_call_iptables 0"))
            #expect(try await shown().contains("nf_call_ip6tables 0"))
            #expect(ServiceFiles.all(in: host.directory).isEmpty)
            let links = try await host.commands.run("ip", ["-o", "link", "show"])
            #expect(!links.contains(": ms"))
        }
    }
}
