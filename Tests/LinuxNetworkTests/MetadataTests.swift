import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// The metadata server of each host, asked by guests in namespaces.
@Suite struct MetadataTests {
    private static let v4 = "169.254.169.254"
    private static let v6 = "fe80::a9fe:a9fe"

    private struct Asking: Encodable {
        var `do` = "ask"
        var client: String
        var address: String
        var request: String
        var source: String?
        var other: String?
        var count: Int?
        var patience = 4.0
    }

    private struct Hoard: Decodable {
        var answer: String
        var ends: [String]
    }

    /// Two guests of the network blue on the first host and one on the second; and one of the network red on
    /// the first, which has the same addresses as the first of blue.
    private struct World {
        var sandbox: Sandbox
        var guests: [TestGuest]
        var red: TestGuest
        var planes: [NetworkPlane]
        var wanted: [HostNetworks]

        func ask(
            _ guest: TestGuest, _ address: String = MetadataTests.v4, source: IPAddress? = nil,
            path: String = "/x", patience: Double = 4
        ) async throws -> String {
            let answer: String = try await sandbox.tool(
                Asking(
                    client: guest.path, address: address, request: MetadataTests.get(path),
                    source: source?.description, patience: patience))
            return answer.split(separator: "\r\n").last.map(String.init) ?? ""
        }
    }

    private static func get(_ path: String) -> String {
        "GET \(path) HTTP/1.1\r\nHost: metadata\r\n\r\n"
    }

    private func inWorld(
        limits: MetadataLimits = MetadataLimits(), mode: Subnet.GatewayMode = .none,
        answering: [Bool] = [true, true], _ body: (World) async throws -> Void
    ) async throws {
        try await Sandbox.run(hosts: 2) { sandbox in
            let subnets = try Self.subnets(mode)
            let networks = [
                "blue": try Make.vxlan("blue", vni: 70, subnets: subnets),
                "red": try Make.vxlan("red", vni: 71, subnets: Make.subnets()),
            ]
            var guests: [TestGuest] = []
            for (number, host) in [(10, 0), (11, 0), (12, 1)] {
                // Groups that let nothing in have nothing to say to this.
                let port = try Make.port(
                    "tap\(number)", "blue", number: number, groups: number == 11 ? ["shut"] : [])
                guests.append(
                    try await TestGuest(
                        "g\(number)", on: sandbox.hosts[host], port, in: sandbox))
            }
            let red = try await TestGuest(
                "red", on: sandbox.hosts[0], Make.port("red10", "red", number: 10), in: sandbox)
            var planes: [NetworkPlane] = []
            var wishes: [HostNetworks] = []
            for (host, isAnswering) in zip(sandbox.hosts, answering) {
                let own = (guests + [red]).filter { $0.host.number == host.number }
                var wanted = try Make.wanted(
                    networks, own.map(\.port), peers: sandbox.hosts.map(\.underlay))
                wanted.groups[try SecurityGroupID("shut")] = SecurityGroup(
                    name: try ResourceName("shut"))
                let plane = try await host.plane(limits: limits)
                if isAnswering { plane.answerMetadata(with: Self.answer) }
                let report = try await plane.converge(wanted)
                #expect(report.withoutMetadata.isEmpty)
                for guest in own {
                    try await guest.start(on: #require(report.ready[guest.port.network]).bridge)
                    try await Sandbox.ip(
                        ["route add 169.254.0.0/16 dev eth0"], in: guest.namespace)
                }
                planes.append(plane)
                wishes.append(wanted)
            }
            try await body(
                World(
                    sandbox: sandbox, guests: guests, red: red, planes: planes, wanted: wishes))
            for plane in planes { _ = try await plane.converge(HostNetworks()) }
        }
    }

    private static func subnets(_ mode: Subnet.GatewayMode) throws -> [Subnet] {
        guard mode == .node else { return try Make.subnets() }
        return try [
            Subnet(
                prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                gatewayMode: .node),
            Subnet(
                prefix: IPPrefix("2001:db8:7::/64"), gateway: IPAddress("2001:db8:7::1"),
                gatewayMode: .node),
        ]
    }

    private static let answer: MetadataAnswering = { request in
        MetadataAnswer(text: "\(request.port.interface) asks for \(request.target)")
    }

    // MARK: Who is told

    @Test(arguments: [Subnet.GatewayMode.none, .node])
    func eachGuestIsToldItsOwnByItsHost(mode: Subnet.GatewayMode) async throws {
        try await inWorld(mode: mode) { world in
            for guest in world.guests + [world.red] {
                let own = "\(guest.port.interface) asks for /x"
                let told = [
                    try await world.ask(guest), try await world.ask(guest, Self.v6),
                    try await world.ask(guest, Self.v6, source: guest.port.ipv6),
                ]
                #expect(told == [own, own, own])
            }
        }
    }

    @Test func aHostThatDoesNotAnswerLeavesItsGuestWithoutAndNoOtherHostAnswersIt() async throws {
        try await inWorld(answering: [true, false]) { world in
            let told = try await world.ask(world.guests[0])
            #expect(told == "tap10 asks for /x")
            for address in [Self.v4, Self.v6] {
                #expect(try await world.ask(world.guests[2], address, patience: 1.5) == "none")
            }
        }
    }

    @Test func nobodyIsToldAnothersByItsAddresses() async throws {
        try await inWorld { world in
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
                (Self.v4, victim.port.ipv4), (Self.v6, victim.port.ipv6), (Self.v6, linkLocal),
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
        try await inWorld { world in
            let (guest, router) = (world.guests[0], world.guests[2])
            try await Sandbox.ip(
                [
                    "route delete 169.254.0.0/16 dev eth0",
                    "route add default via \(router.port.ipv4)",
                ], in: guest.namespace)
            #expect(try await world.ask(guest) == "tap10 asks for /x")
        }
    }

    // MARK: How much

    @Test func slowClientsAreEndedAndOthersDoNotWaitForThem() async throws {
        var limits = MetadataLimits()
        limits.patience = .milliseconds(500)
        try await inWorld(limits: limits) { world in
            let hoard: Hoard = try await world.sandbox.tool(
                Asking(
                    do: "hoard", client: world.guests[0].path, address: Self.v4,
                    request: Self.get("/y"), other: world.guests[1].path, count: 20))
            #expect(hoard.answer.hasSuffix("tap11 asks for /y"))
            #expect(hoard.ends == Array(repeating: "closed", count: 20))
            #expect(try await world.ask(world.guests[0]) == "tap10 asks for /x")
        }
    }

    @Test func whoHoldsAllOfItsConnectionsGetsNoFurtherOne() async throws {
        try await inWorld { world in
            let hoard: Hoard = try await world.sandbox.tool(
                Asking(
                    do: "hoard", client: world.guests[0].path, address: Self.v4,
                    request: Self.get("/y"), other: world.guests[0].path,
                    count: MetadataLimits().connectionsPerPort, patience: 0.5))
            #expect(hoard.answer.isEmpty || hoard.answer == "none")
            #expect(hoard.ends == Array(repeating: "open", count: hoard.ends.count))
        }
    }

    @Test func aGuestThatAsksWithoutEndIsNotHeardByTheAgent() async throws {
        try await inWorld { world in
            let answered: Int = try await world.sandbox.tool(
                Asking(
                    do: "flood", client: world.guests[0].path, address: Self.v4,
                    request: Self.get("/y"), count: 600, patience: 0.5))
            #expect((200..<600).contains(answered), "\(answered) of 600")
            #expect(try await world.ask(world.guests[1]) == "tap11 asks for /x")
        }
    }

    @Test(arguments: [
        get("/" + String(repeating: "x", count: 20_000)), "nonsense\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 20000\r\n\r\n"
            + String(repeating: "x", count: 20_000),
    ])
    func whatIsNoQuestionIsNotAnswered(request: String) async throws {
        try await inWorld { world in
            let told: String = try await world.sandbox.tool(
                Asking(client: world.guests[0].path, address: Self.v4, request: request))
            #expect(!told.contains("asks for"), "\(told)")
            #expect(try await world.ask(world.guests[0]) == "tap10 asks for /x")
        }
    }

    // MARK: As long as it is wanted

    @Test func itEndsWithTheLastGuestAndAnotherAgentGoesOnWithIt() async throws {
        try await inWorld { world in
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

    @Test func whoHasAnAddressIsKnownOnlyWhileRulesAndWishesAgree() throws {
        let network = try Make.vxlan("blue", vni: 70, subnets: Make.subnets())
        let old = try Make.port("tap1", "blue", number: 10)
        let stays = try Make.port("tap3", "blue", number: 11)
        var new = try Make.port("tap2", "blue", number: 12)
        new.addresses = old.addresses
        let before = MetadataAskers(try Make.wanted(["blue": network], [old, stays]))
        let after = MetadataAskers(try Make.wanted(["blue": network], [new, stays]))
        func who(_ askers: MetadataAskers, _ port: GuestPort) -> InterfaceName? {
            askers.port(of: port.ipv4, in: port.network)?.interface
        }
        #expect(who(before, old) == old.interface && who(after, new) == new.interface)
        var between = before
        between.keep(knownTo: after)
        #expect(who(between, old) == nil && who(between, stays) == stays.interface)
        let both = MetadataAskers(try Make.wanted(["blue": network], [old, new, stays]))
        #expect(who(both, old) == nil && who(both, stays) == stays.interface)
        let elsewhere = try Make.vxlan("blue", vni: 70, subnets: [])
        let unbound = MetadataAskers(try Make.wanted(["blue": elsewhere], [old]))
        #expect(who(unbound, old) == nil)
    }
}
