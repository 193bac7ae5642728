import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Whether the kernel's rules are all there, by what nft lists.
@Suite struct RuleListingTests {
    private func protection() throws -> Protection {
        var ports = try (10..<40).map {
            try Make.port("tap\($0)", "blue", number: $0, groups: $0 % 2 == 0 ? ["web"] : [])
        }
        ports[0].limits = GuestPort.Limits(inbound: 1000, outbound: 2000)
        ports[1].hasArrived = true
        let subnets = try [
            Subnet(
                prefix: IPPrefix("10.7.0.0/24"), gateway: IPAddress("10.7.0.1"),
                gatewayMode: .node, nat: true),
            Subnet(prefix: IPPrefix("2001:db8:7::/64")),
        ]
        var wanted = try Make.wanted(
            ["blue": Make.vxlan("blue", vni: 70, subnets: subnets)], ports)
        let web = try SecurityGroupID("web")
        wanted.groups[web] = SecurityGroup(
            name: try ResourceName("web"),
            rules: [
                try SecurityRule(direction: .ingress, remote: .group("web")),
                try SecurityRule(direction: .ingress, protocol: .tcp, ports: PortRange("22")),
            ])
        wanted.members[web] = Set(
            ports.flatMap { port in
                port.addresses.map { AddressID(network: port.network, address: $0) }
            })
        return Protection(wanted, tracking: .marks)
    }

    @Test func whatWasPutThereIsWholeUntilSomebodyTakesAPartOut() async throws {
        let protection = try protection()
        try await Sandbox.run { sandbox in
            let commands = sandbox.hosts[0].commands
            func listed(_ rules: RuleSet) async throws -> String {
                try await commands.run(
                    "nft", ["list", "table"] + rules.table.split(separator: " ").map(String.init))
            }
            for rules in [protection.bridge, protection.host] {
                try await commands.run("nft", ["-f", "-"], input: rules.replacement)
                let listing = try await listed(rules)
                #expect(rules.isWhole(in: listing), "\(listing)")
            }
            for damage in [
                "flush chain bridge metastack to_tap12", "flush table bridge metastack",
                "flush set bridge metastack served", "add chain bridge metastack other",
                "delete element bridge metastack guests { \"tap11\" }",
                "add element bridge metastack guests { \"tap99\" }",
                "delete chain bridge metastack \(protection.bridge.mark)",
            ] {
                try await commands.run(
                    "nft", ["-f", "-"], input: protection.bridge.replacement + damage + "\n")
                #expect(!protection.bridge.isWhole(in: try await listed(protection.bridge)))
            }
        }
    }
}
