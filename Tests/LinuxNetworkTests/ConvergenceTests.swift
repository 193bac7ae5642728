import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// What a host has is what is wanted, whatever was there before and whoever was at it.
@Suite struct ConvergenceTests {
    private struct World {
        var sandbox: Sandbox
        var host: TestHost
        var guests: [TestGuest]
        var wanted: HostNetworks
        var plane: NetworkPlane
    }

    /// Two guests on one host, whose network goes to another one, too.
    private func inWorld(_ body: (World) async throws -> Void) async throws {
        try await Sandbox.run(hosts: 1) { sandbox in
            let subnets = try [
                Subnet(
                    prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                    gatewayMode: .node, nat: true),
                Subnet(
                    prefix: IPPrefix("2001:db8:7::/64"), gateway: IPAddress("2001:db8:7::1"),
                    gatewayMode: .node),
            ]
            let network = try Make.vxlan("blue", vni: 70, subnets: subnets)
            let ports = try [10, 11].map { try Make.port("tap\($0)", "blue", number: $0) }
            let host = sandbox.hosts[0]
            let guests = [
                try await TestGuest("g0", on: host, ports[0], in: sandbox),
                try await TestGuest("g1", on: host, ports[1], in: sandbox),
            ]
            let wanted = try Make.wanted(
                ["blue": network], ports, peers: [host.underlay, IPAddress("fd00:77::9")])
            try await body(
                World(
                    sandbox: sandbox, host: host, guests: guests, wanted: wanted,
                    plane: try await host.plane()))
        }
    }

    private func start(_ world: World) async throws {
        let report = try await world.plane.converge(world.wanted)
        #expect(report.problems.isEmpty)
        for guest in world.guests {
            try await guest.start(on: #require(report.ready[guest.port.network]).bridge)
        }
    }

    @Test func nothingIsLeftOfIt() async throws {
        try await inWorld { world in
            let before = try await world.host.inventory()
            try await start(world)
            let during = try await world.host.inventory()
            #expect(during.contains("1 processes"))
            for guest in world.guests { try await guest.stop() }
            let report = try await world.plane.converge(HostNetworks())
            #expect(report.ready.isEmpty && report.problems.isEmpty)
            let after = try await world.host.inventory()
            let expected = before.split(separator: "\n").filter { !$0.contains("tap1") }
            let found = after.split(separator: "\n")
            #expect(found.map(Self.comparable) == expected.map(Self.comparable))
        }
    }

    /// Without the addresses that the kernel gives the guests' NICs themselves, in its own time.
    private static func settled(_ text: String) -> [Substring] {
        text.split(separator: "\n").filter {
            !($0.contains("tap1") && ($0.contains("fe80") || $0.contains("ff00")))
        }
    }

    /// Without the numbers that the kernel counts.
    private static func comparable(_ line: Substring) -> String {
        String(line).replacing(#/^\d+: /#, with: "").replacing(#/@if\d+/#, with: "@if")
    }

    @Test(arguments: ["msb", "msx", "msp", "msr"])
    func aLinkThatWasDeletedComesBack(part: String) async throws {
        try await inWorld { world in
            try await start(world)
            let (first, second) = (world.guests[0], world.guests[1])
            #expect(try await first.reaches(second.port.ipv6))
            let link = part + NetworkNames(first.port.network).suffix
            try await Sandbox.ip(["link delete \(link)"], in: world.host.namespace)
            _ = try await world.plane.converge(world.wanted)
            for address in second.port.addresses {
                let answers = try await first.reaches(address)
                #expect(answers, "\(address)")
            }
            let again = try await self.plan(world)
            #expect(again.links == [] && again.forwarding == [])
            let service: [String]? = try await world.sandbox.tool(
                Asking(client: first.path, mac: "\(first.port.mac)"))
            #expect(service == ["\(first.port.ipv6)"])
        }
    }

    @Test func aNetworkIsReadySoon() async throws {
        try await inWorld { world in
            let clock = ContinuousClock()
            var fewer = world.wanted
            fewer.ports.removeLast()
            let one = fewer
            let times = try await [
                clock.measure { _ = try await world.plane.converge(one) },
                clock.measure { _ = try await world.plane.converge(world.wanted) },
                clock.measure { _ = try await world.plane.converge(world.wanted) },
            ]
            print(
                "a network with its first guest: \(times[0]), its second: \(times[1]), "
                    + "at rest: \(times[2])")
            #expect(times.allSatisfy { $0 < .seconds(30) })
        }
    }

    private struct Asking: Encodable {
        var `do` = "dhcpv6"
        var client: String
        var mac: String
        var patience = 5.0
    }

    /// What there would be to do.
    private func plan(_ world: World) async throws -> LinkPlan {
        let host = world.host
        let links = try await host.commands.run("ip", ["-j", "-d", "address", "show"])
        let forwarding = try await host.commands.run("bridge", ["-j", "fdb", "show"])
        var routes: [String] = []
        for family in ["-4", "-6"] {
            routes.append(
                try await host.commands.run(
                    "ip", ["-j", family, "route", "show", "proto", "\(LinkPlan.routeProtocol)"]))
        }
        let settings = PlaneSettings(
            directory: host.directory, bridge: try InterfaceName("br0"), underlay: host.underlay)
        return try LinkPlan(
            world.wanted, settings: settings, offer: KernelOffer(tracking: .marks),
            reading: LinkReading(links: links, forwarding: forwarding, routes: routes), fresh: [])
    }

    @Test func theRulesComeBackWhoeverDeletedThem() async throws {
        try await inWorld { world in
            try await start(world)
            for table in [Protection.bridgeTable, Protection.hostTable] {
                let words = table.split(separator: " ").map(String.init)
                try await world.host.commands.run("nft", ["delete", "table"] + words)
                _ = try await world.plane.converge(world.wanted)
                let found = try await world.host.commands.run("nft", ["list", "table"] + words)
                #expect(found.contains("content_"))
            }
        }
    }

    @Test func dnsmasqComesBackWhenItDied() async throws {
        try await inWorld { world in
            try await start(world)
            let files = ServiceFiles(
                world.host.directory, NetworkNames(world.wanted.ports[0].network))
            let first = try #require(files.dnsmasq.process)
            try await files.dnsmasq.end()
            _ = try await world.plane.converge(world.wanted)
            let second = try #require(files.dnsmasq.process)
            #expect(first != second)
            _ = try await world.plane.converge(world.wanted)
            #expect(files.dnsmasq.process == second)
        }
    }

    @Test func anAgentThatStartsAnewLosesNoPacket() async throws {
        try await inWorld { world in
            try await start(world)
            let (first, second) = (world.guests[0], world.guests[1])
            #expect(try await first.reaches(second.port.ipv4))
            let before = try await world.host.inventory()
            async let ping = first.commands.attempt(
                "ping", ["-q", "-i", "0.01", "-c", "200", "-W", "1", "\(second.port.ipv6)"])
            for _ in 0..<3 {
                _ = try await world.host.plane().converge(world.wanted)
                // One that knows nothing of the rules that are there, either.
                try await world.host.commands.run(
                    "nft",
                    [
                        "delete", "chain", "bridge", "metastack",
                        Protection(world.wanted, tracking: .marks).bridge.mark,
                    ])
                _ = try await world.host.plane().converge(world.wanted)
            }
            let result = try await ping
            #expect(result.output.contains(" 0% packet loss"), "\(result.output)")
            let after = try await world.host.inventory()
            #expect(Self.settled(after) == Self.settled(before))
        }
    }

    @Test func anAgentInAnotherMountNamespaceFindsTheServicesThatRun() async throws {
        try await inWorld { world in
            try await start(world)
            let files = ServiceFiles(
                world.host.directory, NetworkNames(world.wanted.ports[0].network))
            let process = try #require(files.dnsmasq.process)
            try await HostCommands(namespace: nil).run("umount", [files.namespace])
            _ = try await world.host.plane().converge(world.wanted)
            #expect(files.dnsmasq.process == process)
            #expect(Namespaces.isMounted(files.namespace))
        }
    }

    @Test func aBridgeWithAnUnknownGuestOnItStays() async throws {
        try await inWorld { world in
            try await start(world)
            var wanted = world.wanted
            wanted.ports = []
            _ = try await world.plane.converge(wanted)
            let (first, second) = (world.guests[0], world.guests[1])
            #expect(try await first.reaches(second.port.ipv6))
        }
    }

    @Test func aNetworkThatCannotBeHereCostsTheOthersNothing() async throws {
        try await inWorld { world in
            var wanted = world.wanted
            let other = try Make.port("tap20", "red", number: 20)
            wanted.ports.append(other)
            wanted.ports.append(try Make.port("tap21", "gone", number: 21))
            wanted.networks[other.network] = try Network(
                name: ResourceName("red"), kind: .bridge(InterfaceName("br7")))
            let report = try await world.plane.converge(wanted)
            #expect(report.problems[other.network] == "this host has no bridge br7")
            #expect(report.problems[try NetworkID("gone")] == "there is no network gone")
            #expect(report.ready.keys.map(\.text) == ["blue"])
        }
    }
}
