import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Two networks on one bridge of the host's own, each with its metadata server.
@Suite struct SharedMetadataTests {
    private struct Asking: Encodable {
        var `do` = "ask"
        var client: String
        var address = "fe80::a9fe:a9fe"
        var request = "GET /x HTTP/1.1\r\nHost: metadata\r\n\r\n"
        var patience = 1.5
    }

    /// The same MAC in both, and so the same link-local address.
    private func inWorld(
        _ body: (Sandbox, _ guest: TestGuest, _ other: NetworkID) async throws -> Void
    ) async throws {
        try await Sandbox.run { sandbox in
            let host = sandbox.hosts[0]
            try await Sandbox.ip(
                ["link add name br0 type bridge", "link set br0 up"], in: host.namespace)
            let networks = [
                "office": try Network(
                    name: ResourceName("office"), kind: .bridge(nil), subnets: Make.subnets()),
                "lab": try Network(
                    name: ResourceName("lab"), kind: .bridge(nil),
                    subnets: Make.subnets(v4: "10.8.0.0/24", v6: "2001:db8:8::/64")),
            ]
            let port = try Make.port("tap10", "office", number: 10)
            let quiet = try Make.port(
                "tap20", "lab", number: 10, v4: "10.8.0.", v6: "2001:db8:8::")
            let plane = try await host.plane()
            plane.answerMetadata { MetadataAnswer(text: "\($0.port.interface)") }
            let report = try await plane.converge(Make.wanted(networks, [port, quiet]))
            #expect(report.problems.isEmpty && report.withoutMetadata.isEmpty)
            let guest = try await TestGuest("g", on: host, port, in: sandbox, mtu: 1500)
            try await guest.start(on: "br0")
            try await body(sandbox, guest, quiet.network)
            _ = try await plane.converge(HostNetworks())
        }
    }

    @Test func aGuestIsNotToldWhatAnotherNetworksGuestWithItsMACIsTold() async throws {
        try await inWorld { sandbox, guest, other in
            func ask(_ network: NetworkID) async throws -> String {
                let mac = NetworkNames(network).serviceMAC
                try await Sandbox.ip(
                    ["neigh replace fe80::a9fe:a9fe lladdr \(mac) dev eth0"], in: guest.namespace)
                return try await sandbox.tool(Asking(client: guest.path))
            }
            #expect(try await ask(guest.port.network).hasSuffix("tap10"))
            #expect(try await ask(other) == "none")
            let chain = ["bridge", "metastack", "passing"]
            try await guest.host.commands.run("nft", ["flush", "chain"] + chain)
            #expect(try await ask(other).hasSuffix("tap20"))
        }
    }
}
