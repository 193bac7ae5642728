import Etcd
import FoundationEssentials
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    /// Rules that take half a minute and more, with clocks that run faster.
    struct PatienceTests {
        @Test func aGuestThatIgnoresItsShutdownIsEndedAfterHalfAMinute() async throws {
            let clock = FastClock(times: 20)
            try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
                let host = try await fleet.startHost(clock)
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                await host.hypervisor.setGuestsObey(false)
                let asked = clock.now
                try await fleet.want("web", .stop)
                try await fleet.until("web is released") { $0.claim("web") == nil }
                #expect(asked.duration(to: clock.now) >= .seconds(30))
                #expect(host.hypervisor.calls.count(of: .shutDown) >= 9)
                #expect(host.hypervisor.calls.count(of: .destroy) == 1)
            }
        }

        @Test func aDeclineLastsTwiceAsLongEachTime() async throws {
            try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
                let host = try await fleet.startHost(FastClock(times: 20))
                host.hypervisor.calls.fail(.create, with: TestingError("no room on the stage"))
                try await fleet.want("web")
                var granted: [Duration] = []
                for round in 1...8 {
                    let cluster = try await fleet.until("web is declined for the \(round). time") {
                        $0.declines[web]?[host.id] != nil
                    }
                    let decline = try #require(cluster.declines[web]?[host.id])
                    #expect(decline.value.reason.contains("no room on the stage"))
                    let lease = LeaseID(rawValue: try #require(decline.lease).number)
                    granted.append(
                        try await fleet.server.withClient { client in
                            try await client.timeToLive(lease).granted
                        })
                    try await fleet.store.client.revoke(lease)
                }
                #expect(granted == [10, 20, 40, 80, 160, 320, 600, 600].map { .seconds($0) })
            }
        }

        @Test func whatAWatchMissesTheFullComparisonFindsWithinElevenMinutes() async throws {
            let clock = FastClock(times: 200)
            try await TestFleet.run(leaseTTL: .seconds(300)) { fleet in
                try await fleet.startHost(clock) { SilentWatches(etcd: $0) }
                let wanted = clock.now
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                #expect(wanted.duration(to: clock.now) >= .seconds(300))
                #expect(fleet.log.tail.contains("changes that the watch had missed"))
            }
        }
    }
}

extension TestFleet {
    /// One host, with the image imported.
    @discardableResult
    fileprivate func startHost(
        _ clock: FastClock,
        etcd: @escaping @Sendable (EtcdClient) -> any EtcdCalls = { $0 }
    ) async throws -> TestHost {
        try await addTinyFlavourAndImage()
        let host = try host("a", number: 1)
        start(host, etcd: etcd) { $0.clock = clock }
        try await until("the image is ready") { cluster in
            cluster.actualImages[ImageID(unchecked: "tiny")]?.value.state == .ready
        }
        return host
    }
}

/// An etcd whose watches never say anything.
private struct SilentWatches: EtcdDecorator {
    private struct Reader: WatchReader {
        mutating func next() async throws -> WatchBatch? {
            try await Task.sleep(for: .seconds(3600))
            return nil
        }
    }

    let etcd: any EtcdCalls

    func reader(_ range: KeyRange, from revision: Etcd.Revision?) -> any WatchReader { Reader() }
}
