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
                let first = try #require(guests[name]?.first)
                for guest in guests[name] ?? [] where guest.host.number > 1 {
                    #expect(try await first.reaches(guest.port.ipv4, size: mtu - 28))
                    #expect(try await first.reaches(guest.port.ipv6, size: mtu - 48))
                }
                for guest in guests[other] ?? [] where guest.host.number != 3 {
                    let answers = try await first.reaches(guest.port.ipv4)
                    #expect(!answers, "\(name) reaches \(other) on host \(guest.host.number)")
                }
            }
        }
    }
}
