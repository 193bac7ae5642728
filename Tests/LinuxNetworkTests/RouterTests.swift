import MetaStackModel
import Testing

@testable import LinuxNetwork

/// A host takes neither addresses nor routes from the routers of its guests' networks.
@Suite struct RouterTests {
    private struct Sending: Encodable {
        var `do` = "frames"
        var sender: String
        var link = "service"
        var sniffers: [String]
        var frames: [String]
        var watched: [String]
        var marker: String
    }

    private static let prefix = "2001:db8:7::"

    /// A router advertisement from a network's services, seen by a guest; what the host took of it.
    private func advertise(
        _ sandbox: Sandbox, to guest: TestGuest
    ) async throws -> [String] {
        let names = NetworkNames(guest.port.network)
        let own = Frame.mac(names.serviceMAC)
        let allNodes = try IPAddress("ff02::1")
        // For half an hour, with a prefix to take an address of (RFC 4861, 4.6.2).
        let hour: [UInt8] = [0, 0, 0x0e, 0x10]
        let option = [3, 4, 64, 0xc0] + hour + hour + [0, 0, 0, 0]
        let body =
            [64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0] + option + (try IPAddress(Self.prefix)).octets
        let frame = Frame.ipv6(
            from: own, to: Frame.mac("33:33:00:00:00:01"), source: ServiceAddresses.ipv6,
            target: allNodes, next: 58,
            Frame.icmpv6(ServiceAddresses.ipv6, allNodes, type: 134, body))
        let marker = Frame.arp(
            from: own, sender: own, senderIP: ServiceAddresses.ipv4,
            targetIP: try IPAddress("10.7.0.99"))
        let files = ServiceFiles(guest.host.directory, names)
        let seen: [[Int]] = try await sandbox.tool(
            Sending(
                sender: files.namespace, sniffers: [guest.path], frames: [frame.hexadecimal],
                watched: [frame.hexadecimal],
                marker: marker.hexadecimal + String(repeating: "00", count: 18)))
        #expect(seen == [[0]])
        return try await taken(guest.host)
    }

    private func taken(_ host: TestHost) async throws -> [String] {
        let routes = try await host.commands.run("ip", ["-6", "route", "show", "proto", "ra"])
        let addresses = try await host.commands.run("ip", ["-6", "-o", "address", "show"])
        return (routes + addresses).split(separator: "\n").map(String.init)
            .filter { $0.contains(Self.prefix.dropLast()) || $0.contains("default") }
    }

    private func inWorld(
        _ network: Network, links: [String] = [],
        _ body: (Sandbox, TestGuest, NetworkPlane, HostNetworks, String) async throws -> Void
    ) async throws {
        try await Sandbox.run { sandbox in
            let host = sandbox.hosts[0]
            if !links.isEmpty { try await Sandbox.ip(links, in: host.namespace) }
            let port = try Make.port("tap10", "blue", number: 10)
            let guest = try await TestGuest("g0", on: host, port, in: sandbox)
            let wanted = try Make.wanted(["blue": network], [port])
            let plane = try await host.plane()
            let report = try await plane.converge(wanted)
            let bridge = try #require(report.ready[port.network]).bridge
            try await guest.start(on: bridge)
            try await body(sandbox, guest, plane, wanted, bridge)
        }
    }

    private func allow(_ guest: TestGuest, _ bridge: String) async throws {
        try await guest.host.commands.run(
            "sysctl",
            ["-q", "-w", "net.ipv6.conf.\(bridge).accept_ra=1"]
                + ["net.ipv6.conf.\(bridge).autoconf=1"])
    }

    private static let openHost = ["flush", "chain", "bridge", "metastack", "host_input"]

    @Test func onABridgeOfOursTwoThingsKeepTheHostFromHearingThem() async throws {
        let network = try Make.vxlan("blue", vni: 70, subnets: Make.subnets())
        try await inWorld(network) { sandbox, guest, plane, wanted, bridge in
            #expect(try await advertise(sandbox, to: guest) == [])
            // The rule alone.
            try await allow(guest, bridge)
            #expect(try await advertise(sandbox, to: guest) == [])
            // The kernel's setting alone, which is put back.
            _ = try await plane.converge(wanted)
            try await guest.host.commands.run("nft", Self.openHost)
            #expect(try await advertise(sandbox, to: guest) == [])
            // Neither.
            try await allow(guest, bridge)
            #expect(try await advertise(sandbox, to: guest) != [])
        }
    }

    @Test func onTheHostsOwnBridgeTheServicesAreNotHeard() async throws {
        let network = try Network(
            name: ResourceName("blue"), kind: .bridge(nil), subnets: Make.subnets())
        let links = ["link add name br0 type bridge", "link set br0 up"]
        try await inWorld(network, links: links) { sandbox, guest, _, _, bridge in
            try await allow(guest, bridge)
            #expect(try await advertise(sandbox, to: guest) == [])
            try await guest.host.commands.run("nft", Self.openHost)
            #expect(try await advertise(sandbox, to: guest) != [])
        }
    }
}
