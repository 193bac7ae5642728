import Foundation
import MetaStackModel
import Testing

@testable import LinuxNetwork

/// What is open between a guest of IPv6 alone and IPv4 while its translator is another one.
@Suite struct NAT64ContinuityTests {
    enum Way: Sendable, CaseIterable {
        case inward, outward
    }

    /// A connection of that way, and what is done while it is open.
    ///
    /// - Returns: whether it has carried data both ways afterwards, and who the server sees.
    private func held(
        _ way: Way, _ guest: TestGuest, in world: NAT64World,
        _ body: () async throws -> Void
    ) async throws -> String {
        let (opened, goOn) = (world.sandbox.file("opened"), world.sandbox.file("go-on"))
        let outsider = NAT64World.outsiders[0]
        let task =
            switch way {
            case .inward:
                NAT64World.Connecting(
                    server: guest.path, client: world.outside, bind: "\(guest.port.ipv6)",
                    source: outsider, address: "\(guest.port.ipv4)", opened: opened, goOn: goOn)
            case .outward:
                NAT64World.Connecting(
                    server: world.outside, client: guest.path, bind: outsider,
                    address: "\(try world.seen(outsider))", opened: opened, goOn: goOn)
            }
        let sandbox = world.sandbox
        async let answer: String = sandbox.tool(task)
        let end = ContinuousClock.now + .seconds(20)
        // Else the tool waits for ever.
        defer { _ = FileManager.default.createFile(atPath: goOn, contents: nil) }
        while !FileManager.default.fileExists(atPath: opened) {
            try #require(.now < end, "no connection was opened in 20 seconds")
            try await Task.sleep(for: .milliseconds(5))
        }
        try await body()
        _ = FileManager.default.createFile(atPath: goOn, contents: nil)
        return try await answer
    }

    /// Its group lets in connections to port 80 alone: what the guest has opened itself is let in by nothing
    /// but that it is open.
    @Test(arguments: Way.allCases)
    func anOpenConnectionGoesOnThroughALiveMove(_ way: Way) async throws {
        let rules = try [
            SecurityRule(
                direction: .ingress, protocol: .tcp, ports: PortRange("80"),
                remote: .prefix(IPPrefix("192.0.2.99/32")))
        ]
        try await NAT64World.run(groups: ["web": rules]) { world in
            let guest = try await world.start([world.port(10, groups: ["web"])], on: 0)[0]
            let there = world
            let answer = try await held(way, guest, in: there) {
                _ = try await there.move(guest, to: 1)
            }
            switch way {
            case .inward: #expect(answer == "open from fd00:64::c000:263")
            case .outward: #expect(answer == "open from 198.51.100.10")
            }
            let routes = try await world.sandbox.hosts[0].commands.run("ip", ["route", "show"])
            #expect(!routes.contains("198.51.100.10"))
        }
    }

    @Test func anotherGuestsComingCostsNoConnectionAndNoPathForGood() async throws {
        try await NAT64World.run { world in
            let first = try await world.start([world.port(10)], on: 0)[0]
            let there = world
            let answer = try await held(.inward, first, in: there) {
                let second = try await there.start([there.port(11)], on: 0, beside: [first.port])
                let came = try await there.inward(to: second[0])
                #expect(came.hasPrefix("open"))
                #expect(try await there.pingsInward(first) == nil)
            }
            #expect(answer == "open from fd00:64::c000:263")
        }
    }
}
