import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    struct ExitTests {
        private let crash = GuestExit.crashed(reason: "its QEMU process ended")

        private func want(_ policy: DesiredVM.RestartPolicy, _ fleet: TestFleet) async throws {
            try await fleet.put(
                "desired_vms/web",
                """
                {"name": "web", "flavour": "tiny", "image": "tiny", "state": "start", \
                "restart_policy": "\(policy.rawValue)"}
                """)
        }

        @Test func aCrashedGuestStartsAgainAndItsCrashesAreCounted() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await want(.onFailure, fleet)
                try await fleet.until("web runs") { $0.isRunning("web") }
                await host.hypervisor.end(web, crash)
                let cluster = try await fleet.until("web runs again") {
                    $0.isRunning("web") && $0.history("web")?.crashes == 1
                }
                #expect(cluster.history("web")?.boots == 2)
                #expect(cluster.history("web")?.lastExit == "its QEMU process ended")
            }
        }

        /// What it had sent may still be on its way, and its lock is taken from it at once.
        @Test func aCrashedGuestsClientsAreEvictedBeforeTheNextRunOnTheSameHost() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await want(.onFailure, fleet)
                try await fleet.until("web runs") { $0.isRunning("web") }
                let former = try #require(await host.hypervisor.clients(of: web).first)
                await host.hypervisor.end(web, crash)
                let cluster = try await fleet.until("web runs again") {
                    $0.isRunning("web") && $0.history("web")?.boots == 2
                }
                let journal = await fleet.storage.journal
                #expect(journal.contains(.evicted(former)))
                #expect(cluster.history("web")?.clients.contains(former) == false)
            }
        }

        @Test func aGuestThatShutItselfDownIsNotEvicted() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await want(.always, fleet)
                try await fleet.until("web runs") { $0.isRunning("web") }
                await host.hypervisor.end(web, .shutDown)
                try await fleet.until("web runs again") {
                    $0.isRunning("web") && $0.history("web")?.boots == 2
                }
                #expect(await fleet.storage.evicted.isEmpty)
                #expect(fleet.storage.calls.count(of: .evict) == 0)
            }
        }

        @Test func aGuestThatKeepsCrashingIsLeftToAnotherHost() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await want(.always, fleet)
                let first = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, others) = try hosts.split(by: first.claim("web")?.value.host)
                // The last of five waits four seconds before it starts.
                for boots in 1...RestartRules.startsPerNode {
                    try await fleet.until("web runs for the \(boots). time") {
                        $0.isRunning("web", on: owner.id) && $0.history("web")?.boots == boots
                    }
                    await owner.hypervisor.end(web, crash)
                }
                let after = try await fleet.until("the other host runs web") {
                    $0.isRunning("web", on: others[0].id)
                }
                #expect(
                    after.declines[web]?[owner.id]?.value.reason
                        == "the guest ended 5 times in a row: its QEMU process ended")
                #expect(after.history("web")?.crashes == RestartRules.startsPerNode)
            }
        }

        @Test func aGuestThatShutItselfDownStaysSoWhenItsHostDies() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await want(.onFailure, fleet)
                let first = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, others) = try hosts.split(by: first.claim("web")?.value.host)
                await owner.hypervisor.end(web, .shutDown)
                try await fleet.until("web is stopped") { $0.claim("web")?.value.state == .stopped }
                await owner.agent.kill()
                try await fleet.until("its claim has gone") { $0.claim("web") == nil }
                // The other host has seen that much when it has run something else since.
                try await fleet.want("db")
                try await fleet.until("db runs") { $0.isRunning("db", on: others[0].id) }
                #expect(try await fleet.store.load().claim("web") == nil)
                try await want(.always, fleet)
                try await fleet.until("web runs, asked again") { $0.isRunning("web") }
            }
        }

        @Test func aGuestThatShallAlwaysRunStartsAgainAfterItsShutdown() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await want(.always, fleet)
                try await fleet.until("web runs") { $0.isRunning("web") }
                await host.hypervisor.end(web, .shutDown)
                try await fleet.until("web runs again") {
                    $0.isRunning("web") && $0.history("web")?.boots == 2
                }
            }
        }

        @Test func aGuestThatWasAskedToEndAndShallRunByThenStartsAgain() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await want(.never, fleet)
                try await fleet.until("web runs") { $0.isRunning("web") }
                await host.hypervisor.setGuestsObey(false)
                try await fleet.put(
                    "desired_vms/web",
                    #"{"name": "web", "flavour": "tiny", "image": "tiny", "state": "stop"}"#)
                try await fleet.eventually("it was asked to end") {
                    host.hypervisor.calls.count(of: .shutDown) > 0
                }
                try await want(.never, fleet)
                try await fleet.until("it shall run after all") { $0.isRunning("web") }
                await host.hypervisor.end(web, .shutDown)
                let cluster = try await fleet.until("web runs again") {
                    $0.isRunning("web") && $0.history("web")?.boots == 2
                }
                #expect(cluster.history("web")?.askedToEnd == false)
                // The next end is its own.
                await host.hypervisor.end(web, .shutDown)
                try await fleet.until("web is stopped") { $0.claim("web")?.value.state == .stopped }
            }
        }

        @Test func anEvictedGuestThatOwnsItsClaimStartsAnew() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                let former = await host.hypervisor.clients(of: web)
                try await fleet.storage.evict(former)
                #expect(await !host.hypervisor.write(web))
                let after = try await fleet.until("web runs as another client") {
                    $0.isRunning("web") && $0.claim("web")?.value.clients != former
                }
                #expect(after.history("web")?.lastExit == "its storage clients were evicted")
                #expect(await host.hypervisor.write(web))
            }
        }

        @Test func aGuestThatMetAWriteErrorTriesAgainWithTheMemoryItHad() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                let pool = PoolName(unchecked: "vms")
                await fleet.storage.setPool(pool, exists: false)
                #expect(await !host.hypervisor.write(web))
                try await fleet.until("it says so") { $0.claim("web")?.value.state == .paused }
                await fleet.storage.setPool(pool, exists: true)
                try await fleet.until("web goes on") { $0.isRunning("web") }
                #expect(await host.hypervisor.created == 1)
            }
        }
    }
}
