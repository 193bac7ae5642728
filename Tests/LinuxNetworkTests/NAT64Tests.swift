import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Guests of IPv6 alone and an IPv4 world, with a translator on the guest's own host.
@Suite struct NAT64Tests {
    private struct Resolving: Encodable {
        var `do` = "resolve"
        var client: String
        var address = "fe80::a9fe:a9fe"
        var name = "ipv4only.arpa"
        var kind = "AAAA"
        var patience = 6.0
    }

    @Test func anIPv6OnlyGuestAndAnIPv4HostReachEachOther() async throws {
        try await NAT64World.run { world in
            let guest = try await world.start([world.port(10)], on: 0)[0]
            let came = try await world.inward(to: guest)
            #expect(came == "open from fd00:64::c000:263")
            let went = try await world.outward(from: guest)
            #expect(went == "open from 198.51.100.10")
            #expect(try await world.pingsInward(guest) == nil)
            let answers = try await guest.reaches(world.seen("192.0.2.99"))
            #expect(answers)
            // IPv6's header is 20 bytes longer: what does not fit is said to the sender.
            #expect(try await world.pingsInward(guest, size: 1450 - 20 - 28) == nil)
            #expect(try await world.pingsInward(guest, size: 1450 - 20 - 27) != nil)
            // The host itself is none of a guest's business by IPv4, either.
            let host = try await guest.reaches(world.seen("192.0.2.1"))
            #expect(!host)
        }
    }

    @Test func underTheWellKnownPrefixIsTheGlobalInternetAlone() async throws {
        try await NAT64World.run(prefix: "64:ff9b::/96") { world in
            let guest = try await world.start([world.port(10)], on: 0)[0]
            let went = try await world.outward(from: guest, to: "9.9.9.9")
            #expect(went == "open from 198.51.100.10")
            let documentation = try await world.outward(from: guest, to: "192.0.2.99")
            #expect(documentation == "refused")
            // By which a guest's own translator finds the prefix (RFC 7050).
            let found: [String]? = try await world.sandbox.tool(Resolving(client: guest.path))
            #expect(found.map(Set.init) == ["64:ff9b::c000:aa", "64:ff9b::c000:ab"])
        }
    }

    @Test func aGuestThatMovedIsReachedWhereItIs() async throws {
        try await NAT64World.run { world in
            let (moving, third) = try (world.port(10), world.port(12))
            let guest = try await world.start([moving, world.port(11)], on: 0)[0]
            let neighbour = try await world.start([third], on: 1)[0]
            let before = try await world.inward(to: guest)
            #expect(before.hasPrefix("open"))
            try await guest.stop()
            let moved = try await world.start([moving], on: 1, beside: [third])[0]
            _ = try await world.planes[0].converge(world.wishes([world.port(11)]))
            let came = try await world.inward(to: moved)
            #expect(came == "open from fd00:64::c000:263")
            let went = try await world.outward(from: moved)
            #expect(went == "open from 198.51.100.10")
            let besides = try await world.inward(to: neighbour)
            #expect(besides.hasPrefix("open"))
            // Where it was, nobody takes its packets any more.
            let routes = try await world.sandbox.hosts[0].commands.run("ip", ["route", "show"])
            #expect(routes.contains("198.51.100.11") && !routes.contains("198.51.100.10"))
        }
    }

    @Test func securityGroupsHoldForWhatIsTranslated() async throws {
        let rules = try [
            SecurityRule(
                direction: .ingress, protocol: .tcp, ports: PortRange("80"),
                remote: .prefix(IPPrefix("192.0.2.99/32"))),
            SecurityRule(
                direction: .ingress, protocol: .icmp, remote: .prefix(IPPrefix("192.0.2.99/32"))),
            SecurityRule(
                direction: .egress, protocol: .tcp, remote: .prefix(IPPrefix("9.0.0.0/8"))),
        ]
        try await NAT64World.run(groups: ["web": rules]) { world in
            let guest = try await world.start([world.port(10, groups: ["web"])], on: 0)[0]
            let allowed = try await world.inward(to: guest)
            let otherPort = try await world.inward(to: guest, port: 81, patience: 0.6)
            let other = try await world.inward(to: guest, from: "192.0.2.66", patience: 0.6)
            #expect(allowed.hasPrefix("open"))
            #expect([otherPort, other] == ["refused", "refused"])
            #expect(try await world.pingsInward(guest) == nil)
            let out = try await world.outward(from: guest, to: "9.9.9.9")
            let outElsewhere = try await world.outward(from: guest)
            #expect(out.hasPrefix("open") && outElsewhere == "refused")
        }
    }

    @Test func nobodyOutsideSpeaksAsAGuest() async throws {
        let rules = try [SecurityRule(direction: .ingress, remote: .group("front"))]
        try await NAT64World.run(groups: ["db": rules, "front": []]) { world in
            let (port, friend) = try (world.port(10, groups: ["db"]), world.port(11))
            world.wanted.members[try SecurityGroupID("front")] = Set(
                try (friend.addresses + [IPAddress("192.0.2.66")]).map {
                    AddressID(network: port.network, address: $0)
                })
            let guest = try await world.start([port, friend], on: 0)[0]
            // A member of the group that is elsewhere, and so comes translated, is let in.
            let member = try await world.inward(
                to: guest, from: "192.0.2.66", as: "datagram", patience: 1)
            let stranger = try await world.inward(to: guest, as: "datagram", patience: 0.6)
            #expect(member == "open" && stranger == "refused")
            try await Sandbox.ip(
                ["address add \(friend.ipv4)/32 dev lan"], in: "\(world.sandbox.name)-lan")
            let false1 = try await world.inward(
                to: guest, from: "\(friend.ipv4)", as: "datagram", patience: 0.6)
            #expect(false1 == "refused")
        }
    }

    @Test func theTranslatorComesBackAndNothingIsLeftOfIt() async throws {
        try await NAT64World.run { world in
            let host = world.sandbox.hosts[0]
            let before = try await host.inventory()
            let port = try world.port(10)
            let guest = try await world.start([port], on: 0)[0]
            let files = ServiceFiles(host.directory, NetworkNames(port.network))
            let daemon = try #require(Tayga().daemon(files))
            let first = try #require(daemon.process)
            try await daemon.end()
            _ = try await world.planes[0].converge(world.wishes([port]))
            let second = try #require(daemon.process)
            #expect(first != second)
            let again = try await world.inward(to: guest)
            #expect(again.hasPrefix("open"))
            let inside = HostCommands(namespace: files.namespace)
            try await inside.run("ip", ["link", "delete", Translation.link])
            // By an agent that has just started.
            _ = try await host.plane().converge(world.wishes([port]))
            let mended = try await world.inward(to: guest)
            #expect(mended.hasPrefix("open"))
            let third = daemon.process
            _ = try await host.plane().converge(world.wishes([port]))
            #expect(daemon.process == third)

            var without = world.wishes([port])
            without.networks[port.network]?.nat64 = nil
            _ = try await world.planes[0].converge(without)
            #expect(daemon.process == nil)
            let links = try await inside.run("ip", ["-o", "link", "show"])
            #expect(!links.contains(Translation.link))

            _ = try await world.planes[0].converge(world.wishes([port]))
            try await guest.stop()
            _ = try await world.planes[0].converge(HostNetworks())
            #expect(try await host.inventory().comparable == before.comparable)
        }
    }
}

extension String {
    /// Without the numbers that the kernel counts.
    fileprivate var comparable: [String] {
        split(separator: "\n").map {
            String($0).replacing(#/^\d+: /#, with: "").replacing(#/@if\d+/#, with: "@if")
        }
    }
}
