import MetaStackModel
import Testing

@testable import LinuxNetwork

/// Networks across hosts, with real links in namespaces.
@Suite struct ReachTests {
    @Test(arguments: [IPAddress.Family.ipv6, .ipv4])
    func twoVXLANsWithTheSamePrefixReachTheirOwnGuestsOnly(underlay: IPAddress.Family) async throws
    {
        try await Sandbox.run(hosts: 3, underlay: underlay) { sandbox in
            let networks = [
                "blue": try Make.vxlan("blue", vni: 70, subnets: Make.subnets()),
                "red": try Make.vxlan("red", vni: 71, subnets: Make.subnets()),
            ]
            let mtu = underlay == .ipv6 ? 1430 : 1450
            var guests: [String: [TestGuest]] = [:]
            for host in sandbox.hosts {
                for (name, first) in [("blue", 10), ("red", 20)] {
                    let port = try Make.port("tap-\(name)", name, number: first + host.number)
                    guests[name, default: []].append(
                        try await TestGuest(
                            "\(name)\(host.number)", on: host, port, in: sandbox, mtu: mtu))
                }
            }
            let all = guests.values.flatMap(\.self)
            for host in sandbox.hosts {
                let own = all.filter { $0.host.number == host.number }
                let report = try await host.plane().converge(
                    Make.wanted(networks, own.map(\.port), peers: sandbox.hosts.map(\.underlay)))
                #expect(report.problems.isEmpty)
                for guest in own {
                    let ready = try #require(report.ready[guest.port.network])
                    #expect(ready.mtu == mtu)
                    try await guest.start(on: ready.bridge)
                }
            }
            for (name, other) in [("blue", "red"), ("red", "blue")] {
                for first in guests[name] ?? [] {
                    for guest in guests[name] ?? [] where guest.host.number != first.host.number {
                        #expect(try await first.reaches(guest.port.ipv4, size: mtu - 28))
                        #expect(try await first.reaches(guest.port.ipv6, size: mtu - 48))
                    }
                }
                let answered = try await Self.answers(
                    to: guests[name] ?? [], of: guests[other] ?? [])
                #expect(answered.isEmpty, "\(name) reaches \(other): \(answered)")
            }
        }
    }

    /// Who answers whom, asked all at once: silence takes two seconds.
    private static func answers(
        to guests: [TestGuest], of others: [TestGuest]
    ) async throws -> [String] {
        try await withThrowingTaskGroup(of: String?.self) { group in
            for guest in guests {
                for other in others {
                    for address in other.port.addresses {
                        group.addTask {
                            try await guest.reaches(address)
                                ? "\(address) to host \(guest.host.number)" : nil
                        }
                    }
                }
            }
            return try await group.compactMap(\.self).reduce(into: []) { $0.append($1) }
        }
    }
}
