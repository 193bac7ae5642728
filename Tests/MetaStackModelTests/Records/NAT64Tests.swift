import Foundation
import MetaStackModel
import Testing

/// Which addresses can be translated, and how they look on the other side.
struct NAT64Tests {
    private static let subnets =
        #""subnets": [{"prefix": "fd00:6::/64", "gateway": "fd00:6::1", "gateway_mode": "node"}]"#

    private func network(_ fields: String) throws -> Network {
        try Network(proposed: Data("{\"name\": \"six\", \"vni\": 6, \(fields)}".utf8))
    }

    @Test func thePrefixIsTheOneThatEverybodyHasUnlessAnotherIsNamed() throws {
        let global = try network(#"\#(Self.subnets), "nat64": {"ipv4": "9.1.2.0/29"}"#)
        #expect(try global.nat64?.prefix == IPPrefix("64:ff9b::/96"))
        let own = try network(
            #"\#(Self.subnets), "nat64": {"ipv4": "10.64.0.0/24", "prefix": "fd00:64::/96"}"#)
        #expect(try own.nat64?.prefix == IPPrefix("fd00:64::/96"))
        // Said in so many words it is meant.
        let said = try network(
            #"\#(Self.subnets), "nat64": {"ipv4": "10.64.0.0/24", "prefix": "64:ff9b::/96"}"#)
        #expect(said.nat64?.prefix == NAT64.wellKnownPrefix)
    }

    @Test(arguments: [
        (#""ipv4": "fd00::/64""#, "nat64.ipv4", "not IPv4"),
        (#""ipv4": "127.0.0.0/8""#, "nat64.ipv4", "no guest can have"),
        (#""ipv4": "169.254.0.0/24""#, "nat64.ipv4", "no guest can have"),
        (#""ipv4": "224.0.0.0/24""#, "nat64.ipv4", "no guest can have"),
        (#""ipv4": "9.0.0.1/24""#, "nat64.ipv4", "did you mean 9.0.0.0/24?"),
        (#""prefix": "fd00:64::/96""#, "nat64.ipv4", "missing"),
        (#""ipv4": "10.64.0.0/24""#, "nat64.prefix", "name a prefix of your own"),
        (#""ipv4": "100.64.0.0/24""#, "nat64.prefix", "name a prefix of your own"),
        (#""ipv4": "9.0.0.0/24", "prefix": "fd00:64::/64""#, "nat64.prefix", "of /96"),
        (#""ipv4": "9.0.0.0/24", "prefix": "10.0.0.0/8""#, "nat64.prefix", "of /96"),
        (#""ipv4": "9.0.0.0/24", "prefix": "64:ff9b:1::/96""#, "nat64.prefix", "2000::/3"),
        (#""ipv4": "9.0.0.0/24", "prefix": "fe80::/96""#, "nat64.prefix", "2000::/3"),
        (#""ipv4": "9.0.0.0/24", "prefix": "ff05::/96""#, "nat64.prefix", "2000::/3"),
        (
            #""ipv4": "9.0.0.0/24", "prefix": "fd00:64:0:0:100::/96""#, "nat64.prefix",
            "bits 64 to 71"
        ),
        (
            #""ipv4": "9.0.0.0/24", "prefix": "fd00:6::/96""#, "nat64.prefix",
            "overlaps subnet fd00:6::/64"
        ),
    ])
    func refusesWhatCannotBeTranslated(_ fields: String, _ path: String, _ reason: String) {
        let error = #expect(throws: FieldProblem.self) {
            try network(#"\#(Self.subnets), "nat64": {\#(fields)}"#)
        }
        #expect(error?.path == path)
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }

    @Test(arguments: [
        (#""subnets": []"#, "nat64", "needs an IPv6 subnet"),
        (#""subnets": [{"prefix": "10.7.0.0/24"}]"#, "nat64", "there is the subnet 10.7.0.0/24"),
        (#""subnets": [{"prefix": "fd00:6::/64"}]"#, "subnets.0.gateway_mode", "node"),
    ])
    func refusesNetworksThatItIsNotFor(_ subnets: String, _ path: String, _ reason: String) {
        let error = #expect(throws: FieldProblem.self) {
            try network(#"\#(subnets), "nat64": {"ipv4": "9.0.0.0/24"}"#)
        }
        #expect(error?.path == path)
        #expect(error?.problem.contains(reason) == true, "\(error?.problem ?? "")")
    }

    /// RFC 6052, 2.4.
    @Test func anIPv4AddressStandsInItsPrefix() throws {
        let nat64 = try NAT64(ipv4: IPPrefix("9.0.0.0/24"))
        #expect(
            try nat64.embedded(IPAddress("192.0.2.33")) == IPAddress("64:ff9b::c000:221"))
        let embedded = try nat64.embedded(IPPrefix("10.0.0.0/8"))
        #expect(embedded.description == "64:ff9b::a00:0/104")
    }

    @Test func allOfItsIPv4AddressesAreGuests() throws {
        let six = try network(#"\#(Self.subnets), "nat64": {"ipv4": "9.1.2.0/30"}"#)
        #expect(six.dynamicRanges(.ipv4).map(\.description) == ["9.1.2.0-9.1.2.3"])
        #expect(six.givenFamilies == [.ipv4, .ipv6] && six.families == [.ipv6])
        #expect(try six.problem(withGuest: IPAddress("9.1.2.3")) == nil)
        #expect(try six.problem(withGuest: IPAddress("9.1.2.4"))?.contains("9.1.2.0/30") == true)
    }
}
