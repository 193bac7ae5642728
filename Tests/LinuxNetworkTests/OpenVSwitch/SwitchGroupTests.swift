import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Security groups between guests behind Open vSwitch, on one host and across two.
@Suite(.serialized) struct SwitchGroupTests {
    private func rule(
        _ direction: SecurityRule.Direction, _ protocol: IPProtocol = .tcp, ports: String? = nil,
        _ remote: SecurityRule.Remote = .anybody
    ) throws -> SecurityRule {
        try SecurityRule(
            direction: direction, protocol: `protocol`, ports: ports.map { try PortRange($0) },
            remote: remote)
    }

    private func inWorld(
        _ groups: [[String]], _ records: [String: [SecurityRule]],
        _ body: (inout SwitchWorld) async throws -> Void
    ) async throws {
        try await SwitchWorld.run(
            ["blue": SwitchWorld.vlan("blue", 5)], groups: groups, records: records, body)
    }

    @Test func onlyWhatARuleAllowsComesIn() async throws {
        let rules = try [rule(.ingress, ports: "80-81"), rule(.ingress, .udp, ports: "53")]
        try await inWorld([["web"], [], []], ["web": rules]) {
            (world: inout SwitchWorld) async throws in
            for family in IPAddress.Family.allCases {
                for client in [1, 2] {
                    let open = try await world.connect(client, to: 0, family)
                    #expect(open == "open", "\(family) from \(client)")
                    let closed = try await world.connect(client, to: 0, family, port: 82)
                    #expect(closed == "refused", "\(family) from \(client)")
                    let asked = try await world.connect(
                        client, to: 0, family, port: 53, as: "datagram")
                    #expect(asked == "open", "\(family) from \(client)")
                    let other = try await world.connect(
                        client, to: 0, family, port: 54, as: "datagram")
                    #expect(other == "refused", "\(family) from \(client)")
                }
                // It may send anything, and gets the answers.
                let out = try await world.connect(0, to: 2, family, port: 9)
                #expect(out == "open", "\(family)")
            }
            #expect(try await world.reach(2, 0) == [false, false])
        }
    }

    @Test func aGroupsMembersAreLetInAndOthersAreNot() async throws {
        let rules = try [rule(.ingress, .any, .group("front")), rule(.ingress, ports: "443")]
        try await inWorld([["db"], ["front"], []], ["db": rules, "front": []]) {
            (world: inout SwitchWorld) async throws in
            for family in IPAddress.Family.allCases {
                #expect(try await world.connect(1, to: 0, family) == "open", "\(family)")
                #expect(try await world.connect(2, to: 0, family) == "refused", "\(family)")
                let other = try await world.connect(2, to: 0, family, port: 443)
                #expect(other == "open", "\(family)")
            }
            let port = world.guests[2].port
            try await world.change { wanted in
                for address in port.addresses {
                    wanted.members[SecurityGroupID(unchecked: "front"), default: []].insert(
                        AddressID(network: port.network, address: address))
                }
            }
            #expect(try await world.connect(2, to: 0) == "open")
        }
    }

    @Test func onlyWhatARuleAllowsGoesOutWhereThereAreRulesForEgress() async throws {
        let rules = try [
            rule(.egress, ports: "80", .prefix(IPPrefix("2001:db8:7::c/128"))),
            rule(.ingress, .any),
        ]
        try await inWorld([["shut"], [], []], ["shut": rules]) {
            (world: inout SwitchWorld) async throws in
            #expect(try await world.connect(0, to: 2) == "open")
            #expect(try await world.connect(0, to: 2, port: 81) == "refused")
            #expect(try await world.connect(0, to: 1) == "refused")
            #expect(try await world.connect(0, to: 2, .ipv4) == "refused")
            #expect(try await world.connect(1, to: 0, port: 99) == "open")
        }
    }

    @Test(arguments: [1, 2])
    func changedRulesLeaveOpenConnectionsOpenAndLetNoNewOnesIn(client: Int) async throws {
        let rules = try [rule(.ingress, ports: "80")]
        let others = try [rule(.ingress, ports: "81")]
        try await inWorld([["web"], [], []], ["web": rules]) {
            (world: inout SwitchWorld) async throws in
            let opened = world.sandbox.file("opened")
            let goOn = world.sandbox.file("go-on")
            let before = world
            async let held = before.connect(client, to: 0, opened: opened, goOn: goOn)
            while !FileManager.default.fileExists(atPath: opened) {
                try await Task.sleep(for: .milliseconds(5))
            }
            try await world.change { wanted in
                wanted.groups[SecurityGroupID(unchecked: "web")]?.rules = others
            }
            #expect(FileManager.default.createFile(atPath: goOn, contents: nil))
            #expect(try await held == "open")
            #expect(try await world.connect(client, to: 0) == "refused")
            #expect(try await world.connect(client, to: 0, port: 81) == "open")
        }
    }

    private struct Pouring: Encodable {
        var `do` = "pour"
        var server: String
        var client: String
        var address: String
        var port = 9
        var seconds = 2.0
    }

    @Test func aGuestSendsAndGetsWhatItMayAndIsChangedWhileItRuns() async throws {
        // 8 Mbit/s for two seconds, with what is saved up for one, and the burst.
        let (kbit, most) = (8000, 3_400_000)
        try await inWorld([[], [], []], [:]) { (world: inout SwitchWorld) async throws in
            func bytes(_ world: SwitchWorld, from client: Int, to server: Int) async throws -> Int {
                try await world.sandbox.tool(
                    Pouring(
                        server: world.guests[server].path, client: world.guests[client].path,
                        address: "\(world.guests[server].port.ipv4)"))
            }
            #expect(try await world.reach(0, 1) == [true, true])
            #expect(try await bytes(world, from: 0, to: 1) > 2 * most, "too slow to tell")
            try await world.change { $0.ports[0].limits = .init(outbound: kbit) }
            let sent = try await bytes(world, from: 0, to: 1)
            #expect((1_500_000...most).contains(sent))
            #expect(try await bytes(world, from: 1, to: 0) > 2 * most)
            try await world.change { $0.ports[0].limits = .init(inbound: kbit) }
            let got = try await bytes(world, from: 1, to: 0)
            #expect((1_500_000...most).contains(got))
            #expect(try await bytes(world, from: 0, to: 1) > 2 * most)
            try await world.change { $0.ports[0].limits = nil }
            #expect(try await bytes(world, from: 1, to: 0) > 2 * most)
            let meters = try await world.switches[0].flows("dump-meters", world.bridge(of: 0))
            #expect(SwitchMeter.read(meters).isEmpty)
        }
    }
}
