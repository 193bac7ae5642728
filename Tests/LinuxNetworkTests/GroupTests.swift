import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Security groups between real guests, on one host and across two.
@Suite struct GroupTests {
    private struct Connecting: Encodable {
        var `do` = "connect"
        var server: String
        var client: String
        var address: String
        var port: Int
        var patience = 0.6
        var opened: String?
        var goOn: String?
    }

    /// Guests 10 and 11 on the first host, 12 on the second; `groups` are each one's.
    private struct World {
        var sandbox: Sandbox
        var guests: [TestGuest]
        var wanted: [HostNetworks]
        var planes: [NetworkPlane]

        func connect(
            _ client: Int, to server: Int, _ family: IPAddress.Family = .ipv6, port: Int = 80,
            as word: String = "connect", opened: String? = nil, goOn: String? = nil
        ) async throws -> String {
            let address = family == .ipv4 ? guests[server].port.ipv4 : guests[server].port.ipv6
            return try await sandbox.tool(
                Connecting(
                    do: word, server: guests[server].path, client: guests[client].path,
                    address: address.description, port: port, opened: opened, goOn: goOn))
        }

        mutating func change(_ body: (inout HostNetworks) -> Void) async throws {
            for index in planes.indices {
                body(&wanted[index])
                _ = try await planes[index].converge(wanted[index])
            }
        }
    }

    private func inWorld(
        _ groups: [[String]], _ records: [String: [SecurityRule]],
        _ body: (inout World) async throws -> Void
    ) async throws {
        try await Sandbox.run(hosts: 2) { sandbox in
            var wanted = try Make.wanted(
                ["blue": Make.vxlan("blue", vni: 70, subnets: Make.subnets())], [],
                peers: sandbox.hosts.map(\.underlay))
            for (name, rules) in records {
                wanted.groups[try SecurityGroupID(name)] = SecurityGroup(
                    name: try ResourceName(name), rules: rules)
            }
            var guests: [TestGuest] = []
            for (index, number) in [10, 11, 12].enumerated() {
                let port = try Make.port(
                    "tap\(number)", "blue", number: number, groups: groups[index])
                let host = sandbox.hosts[index == 2 ? 1 : 0]
                guests.append(
                    try await TestGuest("g\(index)", on: host, port, in: sandbox))
                for group in port.groups {
                    wanted.members[group, default: []].formUnion(
                        port.addresses.map { AddressID(network: port.network, address: $0) })
                }
            }
            var world = World(sandbox: sandbox, guests: guests, wanted: [], planes: [])
            for host in sandbox.hosts {
                let own = guests.filter { $0.host.number == host.number }
                var wishes = wanted
                wishes.ports = own.map(\.port)
                let plane = try await host.plane()
                let report = try await plane.converge(wishes)
                for guest in own {
                    try await guest.start(on: #require(report.ready[guest.port.network]).bridge)
                }
                world.wanted.append(wishes)
                world.planes.append(plane)
            }
            try await body(&world)
        }
    }

    private func rule(
        _ direction: SecurityRule.Direction, _ protocol: IPProtocol = .tcp, ports: String? = nil,
        _ remote: SecurityRule.Remote = .anybody
    ) throws -> SecurityRule {
        try SecurityRule(
            direction: direction, protocol: `protocol`, ports: ports.map { try PortRange($0) },
            remote: remote)
    }

    @Test func onlyWhatARuleAllowsComesIn() async throws {
        let rules = try [rule(.ingress, ports: "80-81"), rule(.ingress, .udp, ports: "53")]
        try await inWorld([["web"], [], []], ["web": rules]) { world in
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
            let ping = try await world.guests[2].reaches(world.guests[0].port.ipv6)
            #expect(!ping)
        }
    }

    @Test func aGroupsMembersAreLetInAndOthersAreNot() async throws {
        let rules = try [rule(.ingress, .any, .group("front"))]
        try await inWorld(
            [["db"], ["front"], []], ["db": rules, "front": []]
        ) { world in
            for family in IPAddress.Family.allCases {
                let member = try await world.connect(1, to: 0, family)
                let stranger = try await world.connect(2, to: 0, family)
                #expect(member == "open", "\(family)")
                #expect(stranger == "refused", "\(family)")
            }
            let addresses = world.guests[2].port.addresses
            let network = world.guests[2].port.network
            try await world.change { wanted in
                for address in addresses {
                    wanted.members[SecurityGroupID(unchecked: "front"), default: []].insert(
                        AddressID(network: network, address: address))
                }
            }
            let joined = try await world.connect(2, to: 0)
            #expect(joined == "open")
        }
    }

    @Test func onlyWhatARuleAllowsGoesOutWhereThereAreRulesForEgress() async throws {
        let rules = try [
            rule(.egress, ports: "80", .prefix(IPPrefix("2001:db8:7::c/128"))),
            rule(.ingress, .any),
        ]
        try await inWorld([["shut"], [], []], ["shut": rules]) { world in
            let allowed = try await world.connect(0, to: 2)
            let otherPort = try await world.connect(0, to: 2, port: 81)
            let otherGuest = try await world.connect(0, to: 1)
            let otherFamily = try await world.connect(0, to: 2, .ipv4)
            let answers = try await world.connect(1, to: 0, port: 99)
            #expect(allowed == "open")
            #expect([otherPort, otherGuest, otherFamily] == ["refused", "refused", "refused"])
            #expect(answers == "open")
        }
    }

    @Test(arguments: [1, 2])
    func changedRulesLeaveOpenConnectionsOpenAndLetNoNewOnesIn(client: Int) async throws {
        let rules = try [rule(.ingress, ports: "80")]
        let others = try [rule(.ingress, ports: "81")]
        try await inWorld([["web"], [], []], ["web": rules]) { world in
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
            let answer = try await held
            #expect(answer == "open")
            let new = try await world.connect(client, to: 0)
            #expect(new == "refused")
            let other = try await world.connect(client, to: 0, port: 81)
            #expect(other == "open")
        }
    }
}
