import MetaStackModel
import MetaStackTesting
import Synchronization
import Testing

@testable import MetaStackAgent

extension AgentTests {
    /// What people do to a host's bridges is in its record soon.
    struct HostLinksServiceTests {
        /// A kernel whose links a test makes.
        private final class FakeLinks: Sendable {
            private struct State {
                var bridges: [String]
                var isAway = false
                var looks = 0
            }

            private let state: Mutex<State>
            private let changes: AsyncStream<Void>
            private let teller: AsyncStream<Void>.Continuation

            init(_ bridges: [String]) {
                state = Mutex(State(bridges: bridges))
                (changes, teller) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
            }

            var source: HostLinksSource {
                HostLinksSource(changes: changes) { [self] in
                    try state.withLock { state in
                        state.looks += 1
                        if state.isAway { throw TestingError("there is no ip") }
                        return HostLinks(bridges: state.bridges)
                    }
                }
            }

            var looks: Int { state.withLock(\.looks) }

            func set(_ bridges: [String], isAway: Bool = false) {
                state.withLock { state in
                    state.bridges = bridges
                    state.isAway = isAway
                }
            }

            func tell() { teller.yield() }
        }

        private func inWorld(
            _ body:
                @escaping @Sendable (
                    TestFleet, FakeLinks, _ bridgesAre: ([String]) async throws -> Void
                ) async throws -> Void
        ) async throws {
            try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
                let links = FakeLinks(["br0"])
                let host = try fleet.host("a", number: 1)
                fleet.start(
                    host,
                    adjust: { parts in
                        parts.clock = FastClock(times: 20)
                        parts.links = links.source
                    })
                try await body(fleet, links) { bridges in
                    try await fleet.until("its bridges are \(bridges)", within: .seconds(60)) {
                        $0.hosts[host.id]?.value.networks == bridges
                    }
                }
            }
        }

        @Test func aBridgeThatComesOrGoesIsToldOnceTheKernelSaysSo() async throws {
            try await inWorld { fleet, links, bridgesAre in
                try await bridgesAre(["br0"])
                links.set(["br0", "br1"])
                links.tell()
                try await bridgesAre(["br0", "br1"])
                links.set(["br0"])
                links.tell()
                try await bridgesAre(["br0"])
                // At most one look for each time that the kernel said something, and the first.
                #expect(links.looks == 3)
            }
        }

        @Test func aLookThatFailedIsTriedAgainWithoutAChange() async throws {
            try await inWorld { fleet, links, bridgesAre in
                try await bridgesAre(["br0"])
                links.set(["br0", "br1"], isAway: true)
                links.tell()
                try await fleet.eventually("it says so") {
                    fleet.log.tail.contains("cannot look at the host's links")
                }
                links.set(["br0", "br1"])
                try await bridgesAre(["br0", "br1"])
            }
        }
    }
}
