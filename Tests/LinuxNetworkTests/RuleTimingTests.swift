import MetaStackModel
import Testing

@testable import LinuxNetwork

/// How long the rules of a full host take.
@Suite struct RuleTimingTests {
    @Test func rulesForTwoHundredGuestsAreQuick() async throws {
        try await Sandbox.run { sandbox in
            let network = try Make.vxlan("blue", vni: 70, subnets: Make.subnets())
            var wanted = try Make.wanted(["blue": network], [])
            let group = try SecurityGroupID("web")
            wanted.groups[group] = SecurityGroup(
                name: try ResourceName("web"),
                rules: [
                    try SecurityRule(direction: .ingress, protocol: .tcp, ports: PortRange("80")),
                    try SecurityRule(direction: .ingress, remote: .group("web")),
                ])
            for number in 10..<210 {
                let port = try Make.port("tap\(number)", "blue", number: number, groups: ["web"])
                wanted.ports.append(port)
                wanted.members[group, default: []].formUnion(
                    port.addresses.map { AddressID(network: port.network, address: $0) })
            }
            let rules = RulesInKernel(commands: sandbox.hosts[0].commands)
            let clock = ContinuousClock()
            let all = wanted
            let whole = try await clock.measure {
                try await rules.set(Protection(all, tracking: .marks))
            }
            wanted.ports.removeLast()
            let fewer = wanted
            let one = try await clock.measure {
                try await rules.set(Protection(fewer, tracking: .marks))
            }
            print("rules of 200 guests: \(whole), one of them taken away: \(one)")
            #expect(whole < .seconds(5) && one < .seconds(2))
        }
    }
}
