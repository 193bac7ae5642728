import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// A host that cannot make the links of one of its networks.
@Suite struct UnmadeLinksTests {
    private static let port: UInt16 = 8472

    /// Somebody else has the port that a network's VXLAN is to listen at.
    @Test func theOtherNetworksAreHereAllTheSame() async throws {
        try await Sandbox.run { sandbox in
            let host = sandbox.hosts[0]
            let (blue, red) = (try NetworkID("blue"), try NetworkID("red"))
            var guests: [TestGuest] = []
            for number in [10, 11] {
                guests.append(
                    try await TestGuest(
                        "g\(number)", on: host, Make.port("tap\(number)", "blue", number: number),
                        in: sandbox))
            }
            let wanted = try Make.wanted(
                [
                    "blue": Make.vxlan("blue", vni: 70, subnets: Make.subnets()),
                    "red": Network(
                        name: ResourceName("red"),
                        kind: .vxlan(vni: 71, group: nil, port: Int(Self.port))),
                ], guests.map(\.port) + [Make.port("tap12", "red", number: 12)])
            let plane = try await host.plane()
            do {
                let descriptor = try await Self.listener(on: host)
                defer { close(descriptor) }
                let report = try await plane.converge(wanted)
                #expect(Set(report.ready.keys) == [blue])
                #expect(Set(report.problems.keys) == [red])
                let reason = try #require(report.problems[red])
                #expect(reason.hasPrefix("its links cannot be made: "), "\(reason)")
                #expect(reason.contains("Address already in use"), "\(reason)")
                for guest in guests {
                    try await guest.start(on: #require(report.ready[blue]).bridge)
                }
                #expect(try await guests[0].reaches(guests[1].port.ipv6))
            }
            let report = try await plane.converge(wanted)
            #expect(report.problems.isEmpty)
            #expect(Set(report.ready.keys) == [blue, red])
        }
    }

    private static func listener(on host: TestHost) async throws -> CInt {
        try await Namespaces.inside("/run/netns/\(host.namespace)") {
            let descriptor = socket(AF_INET6, CInt(bitPattern: SOCK_DGRAM.rawValue), 0)
            var address = sockaddr_in6()
            address.sin6_family = sa_family_t(AF_INET6)
            address.sin6_port = port.bigEndian
            let result = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
            #expect(result == 0)
            return descriptor
        }
    }
}
