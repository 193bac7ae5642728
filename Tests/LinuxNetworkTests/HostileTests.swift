import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// A guest that sends what it may not, and neighbours that listen to everything.
@Suite struct HostileTests {
    private struct Listening: Encodable {
        var `do` = "frames"
        var sender: String
        var sniffers: [String]
        var frames: [String]
        var watched: [String]
        var marker: String
    }

    /// Three guests of one network: the hostile one, a neighbour on its host and one elsewhere.
    private struct World {
        var sandbox: Sandbox
        var hostile: TestGuest
        var neighbours: [TestGuest]
        var wanted: HostNetworks
        var plane: NetworkPlane

        /// For each neighbour the frames that it saw.
        func seen(_ frames: [Frame], as watched: [Frame]? = nil) async throws -> [[Int]] {
            let own = Frame.mac("\(hostile.port.mac)")
            let marker = Frame.arp(
                from: own, sender: own, senderIP: hostile.port.ipv4,
                targetIP: try IPAddress("10.7.0.99"))
            return try await sandbox.tool(
                Listening(
                    sender: hostile.path, sniffers: neighbours.map(\.path),
                    frames: frames.map(\.hexadecimal),
                    watched: (watched ?? frames).map(\.hexadecimal),
                    marker: marker.hexadecimal + Self.padding))
        }

        /// Of the shortest frame.
        private static let padding = String(repeating: "00", count: 18)
    }

    private func inWorld(
        groups: [String] = [], _ body: (World) async throws -> Void
    ) async throws {
        try await Sandbox.run(hosts: 2) { sandbox in
            let network = try Make.vxlan("blue", vni: 70, subnets: Make.subnets())
            let ports = try [10, 11, 12].map {
                try Make.port("tap\($0)", "blue", number: $0, groups: groups)
            }
            let hosts = [sandbox.hosts[0], sandbox.hosts[0], sandbox.hosts[1]]
            var guests: [TestGuest] = []
            for (port, host) in zip(ports, hosts) {
                guests.append(
                    try await TestGuest("g\(guests.count)", on: host, port, in: sandbox))
            }
            var planes: [NetworkPlane] = []
            var wishes: [HostNetworks] = []
            for host in sandbox.hosts {
                let own = guests.filter { $0.host.number == host.number }
                let wanted = try Make.wanted(
                    ["blue": network], own.map(\.port), peers: sandbox.hosts.map(\.underlay))
                let plane = try await host.plane()
                let report = try await plane.converge(wanted)
                for guest in own {
                    try await guest.start(
                        on: #require(report.ready[guest.port.network]).bridge)
                }
                planes.append(plane)
                wishes.append(wanted)
            }
            try await body(
                World(
                    sandbox: sandbox, hostile: guests[0], neighbours: [guests[1], guests[2]],
                    wanted: wishes[0], plane: planes[0]))
        }
    }

    @Test func whatIsForbiddenIsNotSeenAndIsSeenWithoutItsRule() async throws {
        try await inWorld { world in
            let attacks = try Attack.all(
                of: world.hostile.port, other: world.neighbours[0].port)
            for attack in attacks {
                let seen = try await world.seen(attack.frames, as: attack.watched)
                #expect(seen == [[], []], "\(attack) was seen")
            }
            for attack in attacks {
                try await remove(attack, in: world)
                let seen = try await world.seen(attack.frames, as: attack.watched)
                let count = Array(attack.watched.indices)
                #expect(
                    seen[0] == count, "\(attack) is stopped by another rule than \(attack.rule)")
                let elsewhere = attack.isForAll && !attack.isKeptOut ? count : []
                #expect(seen[1] == elsewhere, "\(attack), on another host")
                try await restore(world)
            }
            // With all of its rules back, nothing is seen again.
            let all = try await world.seen(
                attacks.flatMap(\.frames), as: attacks.flatMap(\.watched))
            #expect(all == [[], []])
        }
    }

    /// Takes a rule out of the kernel's chain, by its place in it.
    private func remove(_ attack: Attack, in world: World) async throws {
        let port = world.hostile.port
        let groups = GroupRules(groups: [:], members: [:], networks: world.wanted.networks)
        let rules = GuestRules(
            port: port, network: world.wanted.networks[port.network], groups: groups,
            tracking: .marks)
        let texts = attack.chain == "from" ? rules.from : rules.check
        let place = try #require(texts.firstIndex { $0.hasPrefix(attack.rule) })
        let commands = world.hostile.host.commands
        let chain = ["bridge", "metastack", "\(attack.chain)_\(port.interface)"]
        let list = try await commands.run("nft", ["-a", "list", "chain"] + chain)
        let handles = list.split(separator: "\n").filter { !$0.contains("chain ") }
            .compactMap { $0.firstMatch(of: #/# handle (\d+)$/#)?.1 }
        try #require(handles.count == texts.count)
        try await commands.run(
            "nft", ["delete", "rule"] + chain + ["handle", String(handles[place])])
    }

    @Test func whatIsForAnotherMetadataServerIsNotSeen() async throws {
        try await inWorld { world in
            let (port, other) = (world.hostile.port, world.neighbours[0].port)
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
            // Whatever way it takes.
            let commands = world.hostile.host.commands
            let passing = ["bridge", "metastack", "passing"]
            try await commands.run("nft", ["flush", "chain", "bridge", "metastack", "from_tap10"])
            #expect(try await world.seen(frames) == [[], []])
            let list = try await commands.run("nft", ["-a", "list", "chain"] + passing)
            let lines = list.split(separator: "\n").filter { line in
                line.contains("daddr \(v4) drop") || line.contains("daddr \(v6) drop")
            }
            let handles = lines.compactMap { $0.firstMatch(of: #/# handle (\d+)$/#)?.1 }
            try #require(handles.count == 2)
            for handle in handles {
                try await commands.run(
                    "nft", ["delete", "rule"] + passing + ["handle", String(handle)])
            }
            #expect(try await world.seen(frames) == [[0, 1], []])
        }
    }

    private func restore(_ world: World) async throws {
        try await world.hostile.host.commands.run(
            "nft", ["delete", "table", "bridge", "metastack"])
        _ = try await world.plane.converge(world.wanted)
    }

    @Test func whatIsAllowedPasses() async throws {
        try await inWorld { world in
            for neighbour in world.neighbours {
                for address in neighbour.port.addresses {
                    let answers = try await world.hostile.reaches(address)
                    #expect(answers, "\(address)")
                }
            }
        }
    }

    @Test func bridgesLearnWhereAGuestIsThatMoved() async throws {
        try await inWorld { world in
            let own = Frame.mac("\(world.hostile.port.mac)")
            let none = [0, 0, 0, 0] as [UInt8]
            // As QEMU does after a live move.
            let frame = Frame(
                from: own, to: Frame.everybody, type: 0x8035,
                [0, 1, 8, 0, 6, 4, 0, 3] + own + none + own + none)
            let seen = try await world.seen([frame])
            #expect(seen == [[0], [0]])
        }
    }

    @Test func aNeighbourDoesNotSeeWhatIsForAnother() async throws {
        try await inWorld { world in
            let own = Frame.mac("\(world.hostile.port.mac)")
            // Nobody has this MAC, so that the bridge sends it to all of its ports.
            let frame = Frame.ipv4(
                from: own, to: Frame.mac("02:00:00:00:00:77"), source: world.hostile.port.ipv4,
                target: try IPAddress("10.7.0.77"), protocol: 17,
                Frame.udp(world.hostile.port.ipv4, try IPAddress("10.7.0.77"), from: 9, to: 9))
            #expect(try await world.seen([frame]) == [[], []])
            try await world.hostile.host.commands.run(
                "nft", ["flush", "chain", "bridge", "metastack", "to_tap11"])
            #expect(try await world.seen([frame]) == [[0], []])
        }
    }
}
