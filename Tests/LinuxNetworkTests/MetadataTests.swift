import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// The metadata server of each host, asked by guests in namespaces.
@Suite struct MetadataTests {
    // MARK: Who is told

    @Test(arguments: [Subnet.GatewayMode.none, .node])
    func eachGuestIsToldItsOwnByItsHost(mode: Subnet.GatewayMode) async throws {
        try await MetadataWorld.run(mode: mode) { world in
            for guest in world.guests + [world.red] {
                let own = "\(guest.port.interface) asks for /x"
                let told = [
                    try await world.ask(guest), try await world.ask(guest, MetadataWorld.v6),
                    try await world.ask(guest, MetadataWorld.v6, source: guest.port.ipv6),
                ]
                #expect(told == [own, own, own])
            }
        }
    }

    @Test func aHostThatDoesNotAnswerLeavesItsGuestWithoutAndNoOtherHostAnswersIt() async throws {
        try await MetadataWorld.run(answering: [true, false]) { world in
            let told = try await world.ask(world.guests[0])
            #expect(told == "tap10 asks for /x")
            for address in [MetadataWorld.v4, MetadataWorld.v6] {
                #expect(try await world.ask(world.guests[2], address, patience: 1.5) == "none")
            }
        }
    }

    @Test func nobodyIsToldAnothersByItsAddresses() async throws {
        try await MetadataWorld.run { world in
            let (hostile, victim) = (world.guests[0], world.guests[1])
            let linkLocal = ServiceAddresses.linkLocal(victim.port.mac)
            // The victim is quiet, so that nothing of it is in the way.
            try await Sandbox.ip(["link set eth0 down"], in: victim.namespace)
            try await Sandbox.ip(
                [
                    "address add \(victim.port.ipv4)/24 dev eth0",
                    "address add \(victim.port.ipv6)/64 dev eth0 nodad",
                    "address add \(linkLocal)/64 dev eth0 nodad",
                ], in: hostile.namespace)
            let tries: [(to: String, source: IPAddress)] = [
                (MetadataWorld.v4, victim.port.ipv4), (MetadataWorld.v6, victim.port.ipv6),
                (MetadataWorld.v6, linkLocal),
            ]
            for (to, source) in tries {
                let told = try await world.ask(hostile, to, source: source, patience: 1.5)
                #expect(told == "none", "as \(source)")
            }
            // In its name altogether: MAC and all.
            try await Self.take(victim.port.mac, in: hostile)
            for (to, source) in tries {
                let told = try await world.ask(hostile, to, source: source, patience: 1.5)
                #expect(told == "none", "as \(source), with its MAC")
            }
            // Without the rules of its port it would be told.
            let commands = hostile.host.commands
            for chain in ["from_tap10", "check_tap10", "to_tap10"] {
                try await commands.run("nft", ["flush", "chain", "bridge", "metastack", chain])
            }
            for (to, source) in tries {
                let told = try await world.ask(hostile, to, source: source)
                #expect(told == "tap11 asks for /x", "as \(source), without rules")
            }
        }
    }

    private static func take(_ mac: MACAddress, in guest: TestGuest) async throws {
        try await Sandbox.ip(
            ["link set eth0 address \(mac)", "neigh flush all"], in: guest.namespace)
    }

    @Test func aGuestThatKnowsNoWayToItButItsRouterIsToldAllTheSame() async throws {
        try await MetadataWorld.run { world in
            let (guest, router) = (world.guests[0], world.guests[2])
            try await Sandbox.ip(
                [
                    "route delete 169.254.0.0/16 dev eth0",
                    "route add default via \(router.port.ipv4)",
                ], in: guest.namespace)
            #expect(try await world.ask(guest) == "tap10 asks for /x")
        }
    }

    // MARK: As long as it is wanted

    @Test func whereOtherRulesCannotBeMadeOnlyThoseAreKnownWhomOldAndNewOnesName() async throws {
        try await MetadataWorld.run { world in
            let (first, second) = (world.guests[0], world.guests[1])
            var others = world.wanted[0]
            for index in others.ports.indices {
                switch others.ports[index].interface {
                case first.port.interface: others.ports[index].addresses = second.port.addresses
                case second.port.interface: others.ports[index].addresses = first.port.addresses
                default: break
                }
            }
            let wishes = others
            try await Self.withoutNamespace(of: first.host, in: world.sandbox) {
                await #expect(throws: NetworkPlaneError.self) {
                    try await world.planes[0].converge(wishes)
                }
                // By the old rules it has the address, by the new ones its neighbour.
                for guest in [first, second] {
                    let told = try await world.ask(guest)
                    #expect(["closed", "none"].contains(told), "\(told)")
                }
                // Its link-local address is its own by both, and others have to do with neither.
                #expect(try await world.ask(first, MetadataWorld.v6) == "tap10 asks for /x")
                #expect(try await world.ask(world.red) == "red10 asks for /x")
            }
            _ = try await world.planes[0].converge(world.wanted[0])
            #expect(try await world.ask(first) == "tap10 asks for /x")
        }
    }

    /// Nothing can be done in a host's namespace meanwhile, and what is in it goes on.
    private static func withoutNamespace(
        of host: TestHost, in sandbox: Sandbox, _ body: () async throws -> Void
    ) async throws {
        let (place, aside) = ("/run/netns/\(host.namespace)", sandbox.file("aside"))
        try Data().write(to: URL(filePath: aside))
        let machine = HostCommands(namespace: nil)
        try await machine.run("mount", ["--bind", place, aside])
        try await machine.run("umount", [place])
        try await body()
        try await machine.run("mount", ["--bind", aside, place])
        try await machine.run("umount", [aside])
    }

    @Test func itEndsWithTheLastGuestAndAnotherAgentGoesOnWithIt() async throws {
        try await MetadataWorld.run { world in
            let (guest, wanted) = (world.guests[2], world.wanted[1])
            _ = try await world.planes[1].converge(HostNetworks())
            #expect(try await world.ask(guest, patience: 1.5) == "none")
            let next = try await guest.host.plane()
            next.answerMetadata { MetadataAnswer(text: "the next one: \($0.port.interface)") }
            let report = try await next.converge(wanted)
            #expect(report.withoutMetadata.isEmpty)
            try await guest.start(on: #require(report.ready[guest.port.network]).bridge)
            // It gives up at once on whom it has not found just now.
            try await Sandbox.ip(["neigh flush all"], in: guest.namespace)
            let again = try await world.ask(guest)
            #expect(again == "the next one: tap12")
            // A namespace that was made anew has it, too.
            let files = ServiceFiles(guest.host.directory, NetworkNames(guest.port.network))
            try await files.dnsmasq.end()
            try await HostCommands(namespace: nil).run("umount", [files.namespace])
            _ = try await next.converge(wanted)
            #expect(try await world.ask(guest) == "the next one: tap12")
            _ = try await next.converge(HostNetworks())
        }
    }
}
