import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Who reaches whom through Open vSwitch.
@Suite(.serialized) struct SwitchReachTests {
    @Test(arguments: ["vlan", "bridge"])
    func guestsOfANetworkReachEachOtherOnOneHostAndOnTwo(kind: String) async throws {
        let record =
            try kind == "vlan"
            ? SwitchWorld.vlan("blue", 5)
            : Network(
                name: ResourceName("blue"), kind: .bridge(InterfaceName("br0")),
                subnets: Make.subnets())
        try await SwitchWorld.run(["blue": record]) { (world: inout SwitchWorld) async throws in
            for (client, server) in [(0, 1), (1, 0), (0, 2), (2, 0)] {
                let answers = try await world.reach(client, server)
                #expect(answers == [true, true], "\(client) to \(server)")
            }
            let whole = try await world.guests[0].reaches(world.guests[2].port.ipv4, size: 1472)
            #expect(whole)
            let pieces = try await world.guests[0].commands.attempt(
                "ping", ["-q", "-c", "1", "-W", "2", "-s", "4000", "\(world.guests[2].port.ipv6)"])
            #expect(pieces.complaint == nil)
        }
    }

    @Test func guestsOfAnotherVLANAreNotReachedWhateverTheirAddresses() async throws {
        let records = try ["blue": SwitchWorld.vlan("blue", 5), "red": SwitchWorld.vlan("red", 6)]
        try await SwitchWorld.run(records, homes: ["blue", "red", "red"]) {
            (world: inout SwitchWorld) async throws in
            #expect(try await world.reach(0, 1) == [false, false])
            #expect(try await world.reach(0, 2) == [false, false])
            #expect(try await world.reach(1, 2) == [true, true])
            // With the one's tag they are on one network.
            let inlet = NetworkNames(try NetworkID("blue")).inlet
            try await world.switches[0].change("set", "Port", inlet, "tag=6")
            #expect(try await world.reachesSoon(0, 2))
            try await world.converge()
            #expect(try await world.reach(0, 2) == [false, false])
        }
    }

    private struct Asking: Encodable {
        var `do`: String
        var client: String
        var mac: String?
        var address: String?
        var name: String?
        var kind: String?
        var patience = 5.0
    }

    private struct Advertisement: Decodable, Equatable {
        var from: String
        var lifetime: Int
        var prefixes: [String]
    }

    @Test func theHostGivesItsGuestsAddressesAndNames() async throws {
        let subnets = try [
            Subnet(
                prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                gatewayMode: .node, nat: true),
            Subnet(
                prefix: IPPrefix("2001:db8:7::/64"), gateway: IPAddress("2001:db8:7::1"),
                gatewayMode: .node),
        ]
        let record = try SwitchWorld.vlan("blue", 5, subnets: subnets)
        try await SwitchWorld.run(["blue": record]) { (world: inout SwitchWorld) async throws in
            for guest in world.guests {
                let given: [String]? = try await world.sandbox.tool(
                    Asking(do: "dhcpv6", client: guest.path, mac: "\(guest.port.mac)"))
                #expect(given == ["\(guest.port.ipv6)"])
                let told: Advertisement? = try await world.sandbox.tool(
                    Asking(do: "advertisement", client: guest.path))
                #expect(told?.prefixes == ["2001:db8:7::/64"])
            }
            try await world.change { wanted in
                wanted.names[wanted.ports[0].network] = ["web": [wanted.ports[0].ipv6]]
            }
            let found: [String]? = try await world.sandbox.tool(
                Asking(
                    do: "resolve", client: world.guests[0].path, address: "10.7.0.1",
                    name: "web", kind: "AAAA"))
            #expect(found == ["\(world.wanted[0].ports[0].ipv6)"])
            // Through the gateway to where the host itself goes.
            let commands = world.switches[0].host.commands
            let there = try IPAddress("192.0.2.9")
            try await Sandbox.ip(
                ["address add \(there)/32 dev lo"], in: world.switches[0].host.namespace)
            try await Sandbox.ip(
                ["route add default via 10.7.0.1"], in: world.guests[0].namespace)
            try await commands.run("nft", ["flush", "chain", "inet", "metastack", "from_router"])
            #expect(try await world.guests[0].reaches(there))
        }
    }

    private struct Question: Encodable {
        var `do` = "ask"
        var client: String
        var address: String
        var request = "GET /x HTTP/1.1\r\nHost: metadata\r\n\r\n"
        var patience = 4.0
    }

    @Test func eachGuestIsToldOfItselfByItsOwnHost() async throws {
        try await SwitchWorld.run(
            ["blue": SwitchWorld.vlan("blue", 5)], groups: [[], ["shut"], []], records: ["shut": []]
        ) { (world: inout SwitchWorld) async throws in
            for (index, plane) in world.planes.enumerated() {
                plane.answerMetadata { MetadataAnswer(text: "\($0.port.interface) on \(index)") }
            }
            for report in try await world.converge() { #expect(report.withoutMetadata.isEmpty) }
            for (index, guest) in world.guests.enumerated() {
                try await Sandbox.ip(["route add 169.254.0.0/16 dev eth0"], in: guest.namespace)
                for address in [ServiceAddresses.ipv4, ServiceAddresses.ipv6] {
                    let answer: String = try await world.sandbox.tool(
                        Question(client: guest.path, address: "\(address)"))
                    let own = "\(guest.port.interface) on \(index == 2 ? 1 : 0)"
                    #expect(answer.hasSuffix(own), "\(address): \(answer)")
                }
            }
            // Their sockets keep the networks' namespaces.
            for plane in world.planes { _ = try await plane.converge(HostNetworks()) }
        }
    }
}
