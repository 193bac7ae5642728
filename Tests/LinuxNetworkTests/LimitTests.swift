import MetaStackModel
import Testing

@testable import LinuxNetwork

/// How much a guest may get and send, as the kernel keeps it.
@Suite(.serialized) struct LimitTests {
    private struct Pouring: Encodable {
        var `do` = "pour"
        var server: String
        var client: String
        var address: String
        var port = 9
        var seconds = 2.0
    }

    /// 8 Mbit/s: a megabyte a second.
    private static let kbit = 8000
    /// Two seconds' worth, what is saved up for a third, and the burst; the datagrams' own heads count, too.
    private static let most = 3_400_000

    private func bytes(
        from client: TestGuest, to server: TestGuest, in sandbox: Sandbox
    ) async throws -> Int {
        try await sandbox.tool(
            Pouring(
                server: server.path, client: client.path, address: server.port.ipv4.description))
    }

    @Test func aGuestSendsAndGetsWhatItMayAndIsChangedWhileItRuns() async throws {
        try await Sandbox.run { sandbox in
            let host = sandbox.hosts[0]
            var ports = [
                try Make.port("tap1", "blue", number: 10),
                try Make.port("tap2", "blue", number: 11),
            ]
            let network = ["blue": try Make.vxlan("blue", vni: 70, subnets: Make.subnets())]
            let plane = try await host.plane()
            let report = try await plane.converge(Make.wanted(network, ports))
            let bridge = try #require(report.ready[try Make.id("blue")]?.bridge)
            var guests: [TestGuest] = []
            for (number, port) in ports.enumerated() {
                let guest = try await TestGuest("g\(number)", on: host, port, in: sandbox)
                try await guest.start(on: bridge)
                guests.append(guest)
            }
            #expect(try await guests[0].reaches(guests[1].port.ipv4))
            let free = try await bytes(from: guests[0], to: guests[1], in: sandbox)
            #expect(free > 2 * Self.most, "the test itself is too slow to tell")

            ports[0].limits = .init(outbound: Self.kbit)
            _ = try await plane.converge(Make.wanted(network, ports))
            let sent = try await bytes(from: guests[0], to: guests[1], in: sandbox)
            #expect((1_500_000...Self.most).contains(sent))
            // What it gets is not limited.
            let got = try await bytes(from: guests[1], to: guests[0], in: sandbox)
            #expect(got > 2 * Self.most)

            ports[0].limits = .init(inbound: Self.kbit)
            _ = try await plane.converge(Make.wanted(network, ports))
            let limited = try await bytes(from: guests[1], to: guests[0], in: sandbox)
            #expect((1_500_000...Self.most).contains(limited))
            let other = try await bytes(from: guests[0], to: guests[1], in: sandbox)
            #expect(other > 2 * Self.most)

            ports[0].limits = nil
            _ = try await plane.converge(Make.wanted(network, ports))
            #expect(try await bytes(from: guests[1], to: guests[0], in: sandbox) > 2 * Self.most)
        }
    }

    @Test func theLeastAndTheMostAreRatesThatTheKernelTakes() async throws {
        try await Sandbox.run { sandbox in
            let plane = try await sandbox.hosts[0].plane()
            for kbit in [NICLimits.kbits.lowerBound, NICLimits.kbits.upperBound] {
                var port = try Make.port("tap1", "blue", number: 10, groups: ["none"])
                port.limits = .init(inbound: kbit, outbound: kbit)
                let report = try await plane.converge(
                    Make.wanted(
                        ["blue": Make.vxlan("blue", vni: 70, subnets: Make.subnets())], [port]))
                #expect(report.problems.isEmpty)
            }
        }
    }

    @Test func aKernelWithoutThemSaysSo() async throws {
        let offer = try await KernelOffer.probe()
        // What nftables can do on this machine the other test shows; what libvirt needs is tried out.
        #expect(offer.hasRateLimits)
        let modules = try await HostCommands(namespace: nil).attempt(
            "unshare",
            ["--net", "sh", "-c", "ip link add a type veth && tc qdisc add dev a root sfq"])
        if modules.complaint != nil { #expect(!offer.hasShaping) }
    }
}
