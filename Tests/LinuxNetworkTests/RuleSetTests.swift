import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Rules as values, and the script from one to the next.
@Suite struct RuleSetTests {
    private func rules(_ ports: [GuestPort], arrived: Bool = false) throws -> RuleSet {
        var wanted = try Make.wanted(
            ["blue": Make.vxlan("blue", vni: 70, subnets: Make.subnets())], ports)
        wanted.groups[try SecurityGroupID("web")] = SecurityGroup(
            name: try ResourceName("web"),
            rules: [try SecurityRule(direction: .ingress, remote: .group("web"))])
        wanted.members[try SecurityGroupID("web")] = Set(
            ports.flatMap { port in
                port.addresses.map { AddressID(network: port.network, address: $0) }
            })
        return Protection(wanted, tracking: .marks).bridge
    }

    @Test func oneGuestsChangeTouchesNoOther() throws {
        let first = try Make.port("tap1", "blue", number: 10, groups: ["web"])
        let second = try Make.port("tap2", "blue", number: 11, groups: ["web"])
        let script = try #require(
            try rules([first, second]).change(from: rules([first])))
        #expect(!script.contains("tap1"))
        #expect(script.contains("add chain bridge metastack from_tap2"))
        #expect(
            script.contains(
                "add element bridge metastack guests_from { \"tap2\" : goto from_tap2 }"))
        let back = try #require(try rules([first]).change(from: rules([first, second])))
        #expect(!back.contains("tap1"))
        #expect(back.contains("delete chain bridge metastack to_tap2"))
    }

    @Test func scriptsLeadToTheSameAsTheWhole() async throws {
        let ports = try (10..<14).map {
            try Make.port("tap\($0)", "blue", number: $0, groups: $0 % 2 == 0 ? ["web"] : [])
        }
        let states = try [[0, 1], [0, 1, 2], [2], [], [3, 1, 0], [0]].map { list in
            try rules(list.map { ports[$0] })
        }
        try await Sandbox.run { sandbox in
            let commands = sandbox.hosts[0].commands
            var old: RuleSet?
            for state in states {
                let script =
                    try old.map { try #require(state.change(from: $0)) }
                    ?? state.replacement
                try await commands.run("nft", ["-f", "-"], input: script)
                let changed = try await commands.run("nft", ["-s", "list", "ruleset"])
                try await commands.run("nft", ["-f", "-"], input: state.replacement)
                let whole = try await commands.run("nft", ["-s", "list", "ruleset"])
                // The order of chains tells of history, and nothing else.
                #expect(Self.chains(changed) == Self.chains(whole))
                old = state
            }
        }
    }

    private static func chains(_ text: String) -> [String] {
        text.components().sorted()
    }

    @Test func addressesOfOtherNetworksWithTheSamePrefixAreNoMembers() throws {
        var wanted = try Make.wanted(
            [
                "blue": Make.vxlan("blue", vni: 70, subnets: Make.subnets()),
                "red": Make.vxlan("red", vni: 71, subnets: Make.subnets()),
                "far": Make.vxlan("far", vni: 72, subnets: Make.subnets(v4: "10.8.0.0/24")),
            ], [])
        let group = try SecurityGroupID("web")
        wanted.groups[group] = SecurityGroup(
            name: try ResourceName("web"),
            rules: [try SecurityRule(direction: .ingress, remote: .group("web"))])
        wanted.members[group] = try [
            AddressID(network: NetworkID("blue"), address: IPAddress("10.7.0.10")),
            AddressID(network: NetworkID("red"), address: IPAddress("10.7.0.11")),
            AddressID(network: NetworkID("far"), address: IPAddress("10.8.0.12")),
        ]
        wanted.ports = [try Make.port("tap1", "blue", number: 10, groups: ["web"])]
        let set = MemberSet(group: group, network: try NetworkID("blue"), family: .ipv4)
        let found = Protection(wanted, tracking: .marks).bridge.collections[set.name]
        #expect(found?.elements.keys.sorted() == ["10.7.0.10", "10.8.0.12"])
    }

    @Test func connectionsOfAGuestThatArrivedAreLetIn() throws {
        var port = try Make.port("tap1", "blue", number: 10, groups: ["web"])
        let before = try rules([port]).chains["to_tap1"]?.rules ?? []
        port.hasArrived = true
        let after = try rules([port]).chains["to_tap1"]?.rules ?? []
        #expect(after.filter { !before.contains($0) } == ["tcp flags & (syn | ack) == ack accept"])
    }

    @Test func aKernelThatTracksOnBridgesNeedsNoMarks() throws {
        let wanted = try Make.wanted(
            ["blue": Make.vxlan("blue", vni: 70, subnets: Make.subnets())],
            [Make.port("tap1", "blue", number: 10, groups: ["web"])])
        let rules = Protection(wanted, tracking: .bridge)
        #expect(rules.bridge.replacement.contains("ct state established,related accept"))
        #expect(!rules.host.replacement.contains("ct zone"))
        #expect(rules.bridge.replacement.contains("ct zone set meta ibrname map"))
    }
}

extension String {
    /// Its chains and sets, each as one text.
    fileprivate func components() -> [String] {
        var found: [String] = []
        for line in split(separator: "\n") {
            if line.hasPrefix("\tchain ") || line.hasPrefix("\tset ") || line.hasPrefix("\tmap ") {
                found.append("")
            }
            if let last = found.indices.last { found[last] += line + "\n" }
        }
        return found.map { text in
            // The kernel lists elements in its own order.
            text.split(whereSeparator: { " ,\n\t{}".contains($0) }).sorted()
                .joined(separator: " ")
        }
    }
}
