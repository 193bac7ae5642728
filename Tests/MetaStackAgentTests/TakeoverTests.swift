import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    struct TakeoverTests {
        /// Lets a guest write every few milliseconds until a write is refused.
        private func writeUntilRefused(
            _ vm: VMID, on hypervisor: FakeHypervisor, _ fleet: TestFleet
        ) async throws {
            try await fleet.eventually("a write of the old guest is refused") {
                await !hypervisor.write(vm)
            }
        }

        @Test func evictsTheFormerWriterBeforeItsOwnGuestWrites() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, others) = try hosts.split(by: before.claim("web")?.value.host)
                let heir = others[0]
                let path = try await fleet.disk(of: web).path
                let former = try #require(await owner.hypervisor.clients(of: web).first)

                await owner.agent.kill()
                async let writing: Void = writeUntilRefused(web, on: owner.hypervisor, fleet)
                let after = try await fleet.until("the other host runs web") {
                    $0.isRunning("web", on: heir.id)
                }
                try await writing

                let new = try #require(await heir.hypervisor.clients(of: web).first)
                let journal = await fleet.storage.journal
                let evicted = try #require(journal.firstIndex(of: .evicted(former)))
                let wrote = try #require(journal.firstIndex(of: .wrote(path, by: new)))
                let lastOfFormer = try #require(
                    journal.lastIndex(of: .wrote(path, by: former)))
                let broken = try #require(journal.firstIndex(of: .lockBroken(path, of: former)))
                #expect(evicted < broken)
                #expect(broken < wrote)
                #expect(lastOfFormer < evicted)
                #expect(journal.contains(.refused(path, by: former)))
                #expect(await owner.hypervisor.localDomain(web)?.state == .ioError)
                let history = try #require(after.history("web"))
                #expect(history.evicted.map(\.client) == [former])
                #expect(history.evicted.map(\.host) == [owner.id])
                #expect(history.clients == [new])
                let first = try #require(before.claim("web"))
                let second = try #require(after.claim("web"))
                #expect(second.incarnation > first.incarnation)
            }
        }

        @Test func evictsAClientThatIsNoWatcherAnyMore() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, others) = try hosts.split(by: before.claim("web")?.value.host)
                let former = try #require(await owner.hypervisor.clients(of: web).first)
                await owner.agent.kill()
                // Its domain is cut off from Ceph for so long that its watch is gone.
                await fleet.storage.dropWatches(of: former)
                try await fleet.until("the other host runs web") {
                    $0.isRunning("web", on: others[0].id)
                }
                #expect(await fleet.storage.evicted == [former])
            }
        }

        @Test func aHostThatComesBackEndsItsOldGuestAndThenLiftsTheEviction() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, others) = try hosts.split(by: before.claim("web")?.value.host)
                await owner.agent.kill()
                try await fleet.until("the other host runs web") {
                    $0.isRunning("web", on: others[0].id)
                }
                let hypervisor = owner.hypervisor
                fleet.storage.calls.before(.liftEvictions) {
                    if await hypervisor.localDomain(web) != nil {
                        throw TestingError("lifted while the old guest is there")
                    }
                }
                let back = ContinuousClock.now
                fleet.start(owner.host)
                try await fleet.until("nobody is evicted any more") {
                    $0.history("web")?.evicted == []
                }
                // Until then what it had sent could have arrived, and have been done.
                #expect(back.duration(to: .now) >= fleet.storage.latecomersLast)
                #expect(fleet.storage.calls.count(of: .liftEvictions) == 1)
                #expect(await hypervisor.localDomain(web) == nil)
                #expect(await fleet.storage.evicted.isEmpty)
                #expect(await others[0].hypervisor.write(web))
            }
        }

        @Test func recordsTheClientsBeforeTheGuestRuns() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                let hypervisor = host.hypervisor
                hypervisor.calls.before(.resume) {
                    let clients = await hypervisor.clients(of: web)
                    let cluster = try await fleet.store.load()
                    guard !clients.isEmpty, cluster.history("web")?.clients == clients,
                        cluster.claim("web")?.value.clients == clients
                    else { throw TestingError("resumed before it was recorded") }
                }
                try await fleet.want("web")
                try await fleet.until("web runs", within: .seconds(5)) { $0.isRunning("web") }
                #expect(hypervisor.calls.count(of: .resume) == 1)
                #expect(hypervisor.calls.count(of: .create) == 1)
            }
        }

        @Test func aGuestThatCouldNotBeRecordedNeverRuns() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                host.hypervisor.calls.before(.create, times: 1) {
                    try await fleet.delete("actual_vms/web")
                }
                try await fleet.want("web")
                try await fleet.until("web runs after all") { $0.isRunning("web") }
                let (path, disk) = try await fleet.disk(of: web)
                let opened = await fleet.storage.journal.compactMap { event in
                    if case .opened(path, let client) = event { client } else { nil }
                }
                #expect(opened.count == 2)
                let first = try #require(opened.first)
                #expect(!disk.writes.contains(first))
                #expect(!disk.watchers.contains(first))
                #expect(host.hypervisor.calls.count(of: .destroy) == 1)
            }
        }

        @Test func aClientOfAnotherHostThatOpensTheDiskMeanwhileIsEvictedAndNotRecorded()
            async throws
        {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                let storage = fleet.storage
                await storage.setStrangers("10.9.9.9")
                // Another node, on an old view, opens the disk while this one creates its guest.
                host.hypervisor.calls.before(.create, times: 1) {
                    _ = try await storage.open(fleet.disk(of: web).path, from: "10.9.9.9")
                }
                try await fleet.want("web")
                let cluster = try await fleet.until("web runs") { $0.isRunning("web") }
                let own = await host.hypervisor.clients(of: web)
                #expect(cluster.history("web")?.clients == own)
                #expect(cluster.claim("web")?.value.clients == own)
                let evicted = await storage.evicted.map(\.address)
                #expect(evicted.count == 1)
                #expect(evicted.allSatisfy { $0.hasPrefix("10.9.9.9:") })
            }
        }

        @Test func aHostThatCannotStartItSaysWhyAndAnotherDoes() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                let first = Placement(try await fleet.store.load()).order(of: web).first
                let (unable, others) = try hosts.split(by: first)
                unable.hypervisor.calls.fail(
                    .create, with: TestingError("no emulator is installed"))
                try await fleet.want("web")
                let cluster = try await fleet.until("the other host runs web") {
                    $0.isRunning("web", on: others[0].id)
                }
                let decline = try #require(cluster.declines[web]?[unable.id])
                #expect(decline.value.reason == "no emulator is installed")
                #expect(decline.lease != nil)
                #expect(await unable.hypervisor.localDomain(web) == nil)
                let disks = await fleet.storage.disks.keys.filter { $0.pool.text == "vms" }
                #expect(disks.count == 1)
            }
        }
    }
}
