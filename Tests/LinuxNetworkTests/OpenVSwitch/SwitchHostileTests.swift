import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// A guest behind Open vSwitch that sends what it may not, and neighbours that listen to everything.
@Suite(.serialized) struct SwitchHostileTests {
    /// Where a forbidden thing is stopped, and how it goes on where that stage lets everything pass.
    private enum Guard {
        case arriving
        case sources
        case checking
    }

    /// What neighbours see of it: Open vSwitch hands fragments on as they are, and without the first one
    /// nobody can put them together.
    private func watched(_ attack: Attack) -> [Frame] {
        attack.name.contains("fragments") ? Array(attack.frames.prefix(1)) : attack.watched
    }

    /// The first fragment has another header, and what it is an advertisement by comes with the second.
    private static func hidden(_ own: GuestPort) throws -> Attack {
        let source = ServiceAddresses.linkLocal(own.mac)
        let allNodes = try IPAddress("ff02::1")
        let advert = Frame.icmpv6(
            source, allNodes, type: 134, [64, 0, 7, 8, 0, 0, 0, 0, 0, 0, 0, 0])
        let frames = Frame.fragments(
            from: Frame.mac("\(own.mac)"), to: Frame.mac("33:33:00:00:00:01"), source: source,
            target: allNodes, next: 60, [58, 0, 1, 4, 0, 0, 0, 0] + advert, first: 8)
        return Attack(
            name: "an advertisement behind another header in fragments", frames: frames,
            chain: "check", rule: "icmpv6")
    }

    private func guarding(_ attack: Attack) -> Guard {
        switch attack.name {
        case "a VLAN's tag", "another MAC address": .arriving
        case _ where attack.chain == "check": .checking
        default: .sources
        }
    }

    @Test func whatIsForbiddenIsNotSeenAndIsSeenWithoutItsGuard() async throws {
        try await SwitchWorld.run(["blue": SwitchWorld.vlan("blue", 5)]) {
            (world: inout SwitchWorld) async throws in
            let (own, other) = (world.guests[0].port, world.guests[1].port)
            let attacks = try Attack.all(of: own, other: other) + [Self.hidden(own)]
            for attack in attacks {
                let seen = try await world.seen(attack.frames, as: watched(attack))
                #expect(seen == [[], []], "\(attack) was seen")
            }
            let bridge = world.bridge(of: 0)
            for attack in attacks {
                let (stage, next): (Flow.Stage, Flow.Stage) =
                    switch guarding(attack) {
                    case .arriving: (.arriving, .forwarding)
                    case .sources: (.sources, .forwarding)
                    case .checking: (.checking, .forwarding)
                    }
                let open = Flow(
                    stage: stage, priority: 1000, match: "in_port=16",
                    actions: .steps(Flow.goTo(next)))
                try await world.switches[0].flows("add-flow", bridge, open.text)
                let seen = try await world.seen(attack.frames, as: watched(attack))
                #expect(
                    seen[0] == Array(watched(attack).indices),
                    "\(attack) is stopped elsewhere than by \(stage)")
                // The next look puts it back.
                try await world.converge()
            }
            let all = try await world.seen(
                attacks.flatMap(\.frames), as: attacks.flatMap(watched))
            #expect(all == [[], []])
        }
    }

    @Test func aNeighbourDoesNotSeeWhatIsForAnother() async throws {
        try await SwitchWorld.run(["blue": SwitchWorld.vlan("blue", 5)]) {
            (world: inout SwitchWorld) async throws in
            let port = world.guests[0].port
            let nobody = try IPAddress("10.7.0.77")
            let frame = Frame.ipv4(
                from: Frame.mac("\(port.mac)"), to: Frame.mac("02:00:00:00:00:77"),
                source: port.ipv4, target: nobody, protocol: 17,
                Frame.udp(port.ipv4, nobody, from: 9, to: 9))
            // On another host nobody's frames go to all ports of its bridge, and not to its guests.
            #expect(try await world.seen([frame]) == [[], []])
        }
    }

    @Test func whatIsForAnotherMetadataServerIsNotSeen() async throws {
        try await SwitchWorld.run(["blue": SwitchWorld.vlan("blue", 5)]) {
            (world: inout SwitchWorld) async throws in
            let (port, other) = (world.guests[0].port, world.guests[1].port)
            let (own, victim) = (Frame.mac("\(port.mac)"), Frame.mac("\(other.mac)"))
            let (v4, v6) = (ServiceAddresses.ipv4, ServiceAddresses.ipv6)
            let frames: [Frame] = [
                .ipv4(
                    from: own, to: victim, source: port.ipv4, target: v4, protocol: 17,
                    Frame.udp(port.ipv4, v4, from: 9, to: 80)),
                .ipv6(
                    from: own, to: victim, source: port.ipv6, target: v6, next: 17,
                    Frame.udp(port.ipv6, v6, from: 9, to: 80)),
            ]
            #expect(try await world.seen(frames) == [[], []])
            try await world.switches[0].flows(
                "add-flow", world.bridge(of: 0),
                Flow(
                    stage: .passing, priority: 1000, match: "in_port=16",
                    actions: .steps(Flow.goTo(.forwarding))
                ).text)
            #expect(try await world.seen(frames) == [[0, 1], []])
        }
    }

    @Test func bridgesLearnWhereAGuestIsThatMoved() async throws {
        try await SwitchWorld.run(["blue": SwitchWorld.vlan("blue", 5)]) {
            (world: inout SwitchWorld) async throws in
            let own = Frame.mac("\(world.guests[0].port.mac)")
            let none = [0, 0, 0, 0] as [UInt8]
            let frame = Frame(
                from: own, to: Frame.everybody, type: 0x8035,
                [0, 1, 8, 0, 6, 4, 0, 3] + own + none + own + none)
            #expect(try await world.seen([frame]) == [[0], [0]])
        }
    }

    @Test func aGuestAsksItsHostForNothingButAddressesNeighboursAndMetadata() async throws {
        let record = try Network(name: ResourceName("blue"), kind: .bridge(InterfaceName("br0")))
        try await SwitchWorld.run(["blue": record]) { (world: inout SwitchWorld) async throws in
            // The host is on the guests' bridge itself.
            let namespace = world.switches[0].host.namespace
            try await Sandbox.ip(
                ["address add 10.7.0.1/24 dev br0", "link set br0 up"], in: namespace)
            let host = try IPAddress("10.7.0.1")
            #expect(try await !world.guests[0].reaches(host))
            let rules = ["inet", "metastack", "input"]
            try await world.switches[0].host.commands.run("nft", ["flush", "chain"] + rules)
            #expect(try await world.guests[0].reaches(host))
        }
    }
}
