import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// What somebody does to a host's networks is heard of, and mended by the look that follows.
@Suite struct DamageTests {
    struct Damage: Sendable, CustomTestStringConvertible {
        var name: String
        /// What is done, given the host and the digits of the network's names.
        var act: @Sendable (TestHost, String) async throws -> Void

        var testDescription: String { name }

        init(_ name: String, _ act: @escaping @Sendable (TestHost, String) async throws -> Void) {
            self.name = name
            self.act = act
        }

        static func ip(_ name: String, _ line: String) -> Damage {
            Damage(name) { host, digits in
                try await Sandbox.ip(
                    [line.replacing("DIGITS", with: digits)], in: host.namespace)
            }
        }

        static func nft(_ name: String, _ line: String) -> Damage {
            Damage(name) { host, _ in
                try await host.commands.run("nft", ["-f", "-"], input: line + "\n")
            }
        }
    }

    static let damages = [
        Damage.ip("a bridge is deleted", "link delete msbDIGITS"),
        .ip("a VXLAN is down", "link set dev msxDIGITS down"),
        .ip("a guest is off its bridge", "link set dev tap10 nomaster"),
        .ip("a route is deleted", "route delete 10.7.0.0/24 dev msrDIGITS"),
        .ip("a route is replaced", "route replace blackhole 10.7.0.0/24"),
        .ip("the way to the gateway has no address", "address flush dev msrDIGITS"),
        Damage("nobody is flooded") { host, digits in
            try await host.commands.run(
                "bridge", ["fdb", "del", LinkPlan.everyMAC, "dev", "msx\(digits)", "dst", peer])
        },
        Damage("the host forwards nothing") { host, _ in
            try await host.commands.run("sysctl", ["-q", "-w", "net.ipv4.ip_forward=0"])
        },
        .nft("all rules are flushed", "flush ruleset"),
        .nft("the rules of a table are flushed", "flush table bridge metastack"),
        .nft("a guest's rules are flushed", "flush chain bridge metastack from_tap10"),
        .nft("a set is flushed", "flush set bridge metastack guests"),
        .nft("a rule is added", "add rule inet metastack input accept"),
        Damage("dnsmasq is killed") { host, _ in
            for files in ServiceFiles.all(in: host.directory) {
                kill(try #require(files.dnsmasq.process), SIGKILL)
            }
        },
    ]

    private static let peer = "fd00:77::9"

    private struct World {
        var sandbox: Sandbox
        var host: TestHost
        var plane: NetworkPlane
        var wanted: HostNetworks
        var digits: String

        /// Looks until a look makes nothing new.
        func rest() async throws {
            for _ in 0..<50 {
                plane.watch.catchUp()
                let before = plane.watch.heard
                _ = try await plane.converge(wanted)
                plane.watch.catchUp()
                if plane.watch.heard == before { return }
            }
            Issue.record("looks never end")
        }

        /// What a host is to be like: all that can be told without numbers that the kernel counts.
        func state() async throws -> String {
            let reading = try await plane.reader.read()
            let links = reading.links.keys.sorted().map { name in
                "\(name) \(reading.links[name]?.master ?? "") \(reading.links[name]?.isUp ?? false)"
            }
            let routes = reading.routes.mapValues { $0.sorted() }
            let files = ServiceFiles.all(in: host.directory)
            let rules = try await host.commands.run("nft", ["-s", "list", "ruleset"])
            let forwards = try await host.commands.run("sysctl", ["net.ipv4.ip_forward"])
            return [
                links.joined(separator: "\n"), "\(routes)", "\(reading.floods)",
                "\(reading.addresses.keys.filter { $0.hasPrefix("ms") }.sorted())",
                "\(files.map { $0.dnsmasq.process != nil })", forwards,
                // Chains and elements are in the order in which they came.
                rules.split(whereSeparator: { " ,\n\t{}".contains($0) }).sorted()
                    .joined(separator: " "),
            ].joined(separator: "\n--\n")
        }
    }

    private func inWorld(_ body: (World) async throws -> Void) async throws {
        try await Sandbox.run { sandbox in
            let subnets = try [
                Subnet(
                    prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                    gatewayMode: .node, nat: true)
            ]
            let network = try Make.vxlan("blue", vni: 70, subnets: subnets)
            var port = try Make.port("tap10", "blue", number: 10, groups: ["web"])
            port.addresses.removeLast()
            let host = sandbox.hosts[0]
            let guest = try await TestGuest("g0", on: host, port, in: sandbox, isConfigured: false)
            var wanted = try Make.wanted(
                ["blue": network], [port], peers: [host.underlay, IPAddress(Self.peer)])
            wanted.groups[port.groups[0]] = SecurityGroup(
                name: try ResourceName("web"),
                rules: [try SecurityRule(direction: .ingress, remote: .group("web"))])
            let plane = try await host.plane()
            let changes = try await plane.damage()
            let report = try await plane.converge(wanted)
            try await guest.start(on: #require(report.ready[port.network]).bridge)
            let world = World(
                sandbox: sandbox, host: host, plane: plane, wanted: wanted,
                digits: NetworkNames(port.network).suffix)
            try await world.rest()
            try await body(world)
            withExtendedLifetime(changes) {}
        }
    }

    @Test(.timeLimit(.minutes(3)), arguments: damages)
    func damageIsHeardOfAndMended(_ damage: Damage) async throws {
        try await inWorld { world in
            let before = try await world.state()
            var changes = try await world.plane.damage().makeAsyncIterator()
            await changes.next()
            try await damage.act(world.host, world.digits)
            await changes.next()
            #expect(try await world.state() != before)
            _ = try await world.plane.converge(world.wanted)
            #expect(try await world.state() == before)
        }
    }

    @Test func whatIsOthersBusinessIsNotHeardOf() async throws {
        try await inWorld { world in
            let before = world.plane.watch.heard
            try await Sandbox.ip(
                [
                    "link add name other0 type bridge", "link set other0 up",
                    "address add 198.51.100.1/24 dev other0",
                    "route add 203.0.113.0/24 via 198.51.100.2",
                    "neighbour add 198.51.100.2 lladdr 02:00:00:00:99:99 dev other0",
                    "link delete other0",
                ], in: world.host.namespace)
            try await world.host.commands.run(
                "nft", ["-f", "-"],
                input: "add table inet other\nadd chain inet other one\ndelete table inet other\n")
            world.plane.watch.catchUp()
            #expect(world.plane.watch.heard == before)
        }
    }
}
