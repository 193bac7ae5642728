import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    /// What nodes say of the storage for `metastack doctor`, with clocks that run faster.
    struct StorageReportTests {
        @Test func oneHostSaysWhatAllSeeAndEachWhatIsItsOwn() async throws {
            try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
                let clock = FastClock(times: 200)
                try await fleet.addTinyFlavourAndImage()
                for (name, number) in [("a", 1), ("b", 2)] {
                    fleet.start(try fleet.host(name, number: number), adjust: { $0.clock = clock })
                }
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                await fleet.storage.setHealth(StorageHealth(warnings: ["OSD_NEARFULL"]))
                let left = FakeDiskPath(
                    pool: PoolName(unchecked: "vms"), image: "gone.root.0123456789abcdef")
                try await fleet.storage.leave(left)
                let stranger = StorageClient(address: "10.9.9.9:0/1")
                try await fleet.storage.evict([stranger])

                let cluster = try await fleet.until("all of it is said", within: .seconds(40)) {
                    let reports = $0.hosts.values.map(\.value.storage)
                    return reports.contains { $0.warnings == ["OSD_NEARFULL"] }
                        && reports.contains { $0.unknownImages == ["\(left)"] }
                        && reports.allSatisfy { $0.unknownEvictions == [stranger] }
                }
                let speaker = try #require(cluster.hosts.keys.min())
                let others = cluster.hosts.filter { $0.key != speaker }.map(\.value.value.storage)
                #expect(others == [StorageReport(unknownEvictions: [stranger])])

                await fleet.storage.setHealth(StorageHealth())
                try await fleet.storage.remove(left.image, in: left.pool)
                try await fleet.storage.liftEvictions(of: [stranger])
                let clean = try await fleet.until("nothing is left to say", within: .seconds(40)) {
                    $0.hosts.values.allSatisfy { $0.value.storage.isEmpty }
                }
                // Where nothing changes nothing is written: five minutes later the records are the same.
                let end = clock.now + .seconds(300)
                try await fleet.eventually("five minutes are over") { clock.now >= end }
                let later = try await fleet.store.load()
                #expect(later.hosts.mapValues(\.revision) == clean.hosts.mapValues(\.revision))
            }
        }
    }
}
