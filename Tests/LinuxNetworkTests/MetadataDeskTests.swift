import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Who is known, and how many may ask at a time.
@Suite struct MetadataDeskTests {
    private func ports(_ numbers: Range<Int>) throws -> [GuestPort] {
        try numbers.map { try Make.port("tap\($0)", "blue", number: $0) }
    }

    private func askers(_ ports: [GuestPort]) throws -> MetadataAskers {
        MetadataAskers(
            try Make.wanted(
                ["blue": Make.vxlan("blue", vni: 70, subnets: Make.subnets())], ports))
    }

    @Test func aNICHasItsShareOfTheConnectionsAndAllTogetherHaveTheirs() throws {
        let limits = MetadataLimits(connectionsPerPort: 2, connections: 5)
        let (desk, ports) = (MetadataDesk(limits), try ports(10..<14))
        desk.know(try askers(ports))
        func enter(_ port: GuestPort) -> String? { desk.enter(port.ipv4, in: port.network) }
        let own = [enter(ports[0]), desk.enter(ports[0].ipv6, in: ports[0].network)]
        #expect(own == ["tap10", "tap10"])
        #expect(enter(ports[0]) == nil)
        #expect([enter(ports[1]), enter(ports[1]), enter(ports[2])].allSatisfy { $0 != nil })
        // A fourth guest has none, and there is room for nobody.
        #expect(enter(ports[3]) == nil)
        desk.leave("tap10")
        #expect(enter(ports[3]) == "tap13")
        desk.leave("tap10")
        #expect(enter(ports[0]) == "tap10")
    }

    @Test func whoIsNotKnownIsNotLetInAndIsForgottenBetweenQuestionAndAnswer() throws {
        let (desk, ports) = (MetadataDesk(MetadataLimits()), try ports(10..<12))
        desk.answer { MetadataAnswer(text: "\($0.port.interface)") }
        func told(_ port: GuestPort) -> String? {
            desk.answer(port.ipv4, in: port.network) {
                MetadataRequest(port: $0, method: "GET", target: "/")
            }?.text
        }
        #expect(desk.enter(ports[0].ipv4, in: ports[0].network) == nil)
        desk.know(try askers(ports))
        #expect(try desk.enter(ports[0].ipv4, in: Make.id("red")) == nil)
        #expect(desk.enter(ports[0].ipv4, in: ports[0].network) == "tap10")
        #expect(told(ports[0]) == "tap10")
        desk.expect(try askers([ports[1]]))
        #expect(told(ports[0]) == nil && told(ports[1]) == "tap11")
        desk.know(try askers([ports[1]]))
        #expect(told(ports[0]) == nil)
        // Its connections count until they have ended.
        desk.leave("tap10")
    }

    @Test func whoHasAnAddressIsKnownOnlyWhileRulesAndWishesAgree() throws {
        let network = try Make.vxlan("blue", vni: 70, subnets: Make.subnets())
        let old = try Make.port("tap1", "blue", number: 10)
        let stays = try Make.port("tap3", "blue", number: 11)
        var new = try Make.port("tap2", "blue", number: 12)
        new.addresses = old.addresses
        let before = MetadataAskers(try Make.wanted(["blue": network], [old, stays]))
        let after = MetadataAskers(try Make.wanted(["blue": network], [new, stays]))
        func who(_ askers: MetadataAskers, _ port: GuestPort) -> InterfaceName? {
            askers.port(of: port.ipv4, in: port.network)?.interface
        }
        #expect(who(before, old) == old.interface && who(after, new) == new.interface)
        var between = before
        between.keep(knownTo: after)
        #expect(who(between, old) == nil && who(between, stays) == stays.interface)
        let both = MetadataAskers(try Make.wanted(["blue": network], [old, new, stays]))
        #expect(who(both, old) == nil && who(both, stays) == stays.interface)
        let elsewhere = try Make.vxlan("blue", vni: 70, subnets: [])
        let unbound = MetadataAskers(try Make.wanted(["blue": elsewhere], [old]))
        #expect(who(unbound, old) == nil)
    }
}
