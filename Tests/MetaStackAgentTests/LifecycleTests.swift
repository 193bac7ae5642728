import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

extension AgentTests {
    struct LifecycleTests {
        @Test func aDesiredVMRunsWithinASecond() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(3)
                try await fleet.want("web")
                let cluster = try await fleet.until("web runs", within: .seconds(1)) {
                    $0.isRunning("web")
                }
                let claim = try #require(cluster.claim("web"))
                let (owner, others) = try hosts.split(by: claim.value.host)
                #expect(await owner.hypervisor.localDomain(web)?.state == .running)
                for other in others { #expect(await other.hypervisor.created == 0) }
                #expect(claim.lease == cluster.hosts[owner.id]?.lease)
                let clients = await owner.hypervisor.clients(of: web)
                #expect(claim.value.clients == clients)
                #expect(cluster.history("web")?.clients == clients)
            }
        }

        @Test func theHostRecordIsMendedWhereItSaysWhatIsNotSo() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts(1)[0].id
                try await fleet.want("web")
                let before = try await fleet.until("web is on its host's record") {
                    $0.isRunning("web") && $0.hosts[host]?.value.usedVCPU == 1
                }
                var stored = try #require(before.hosts[host])
                // The first time the host may have been looking at its record anyway.
                for _ in 1...2 {
                    var wrong = stored.value
                    wrong.usedRAM = try Mebibytes(77)
                    let written = try await fleet.store.write(
                        [.put(.host(host), wrong, lease: stored.lease)], if: [])
                    guard case .written(let revision) = written else { continue }
                    let right = stored.value
                    let after = try await fleet.until("it is mended") {
                        guard let now = $0.hosts[host] else { return false }
                        return now.value == right && now.revision > revision
                    }
                    stored = try #require(after.hosts[host])
                }
            }
        }

        @Test func aDeletedVMLeavesNothing() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                let before = await fleet.storage.disks.keys.map(\.description).sorted()
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                try await fleet.delete("desired_vms/web")
                try await fleet.until("nothing is left of web", within: .seconds(2)) {
                    $0.knowsNothing(of: "web")
                }
                for host in hosts { #expect(await host.hypervisor.localDomain(web) == nil) }
                #expect(await fleet.storage.disks.keys.map(\.description).sorted() == before)
                #expect(await fleet.storage.evicted.isEmpty)
            }
        }

        @Test func aStoppedVMKeepsItsDiskAndStartsFromIt() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                let first = try await fleet.disk(of: web)
                try await fleet.want("web", .stop)
                try await fleet.until("web is released") { $0.claim("web") == nil }
                #expect(await host.hypervisor.localDomain(web) == nil)
                #expect(host.hypervisor.calls.count(of: .destroy) == 0)
                try await fleet.want("web")
                try await fleet.until("web runs again") { $0.isRunning("web") }
                let second = try await fleet.disk(of: web)
                #expect(second.path == first.path)
                #expect(second.disk.writes.count == 2)
                #expect(Set(second.disk.writes).count == 2)
            }
        }

        @Test func aRecordWrittenAnewIsAnotherVMWithAnotherDisk() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                let first = try await fleet.disk(of: web).path
                let uuid = await host.hypervisor.specification(of: web)?.uuid
                try await fleet.delete("desired_vms/web")
                try await fleet.want("web")
                try await fleet.until("the new web runs") { cluster in
                    cluster.isRunning("web")
                        && cluster.claim("web")?.value.desiredCreateRevision
                            == cluster.desiredVMs[web]?.createRevision
                }
                let second = try await fleet.disk(of: web).path
                #expect(second != first)
                #expect(await host.hypervisor.specification(of: web)?.uuid != uuid)
                let journal = await fleet.storage.journal
                let gone = try #require(journal.firstIndex(of: .removed(first)))
                let made = try #require(journal.firstIndex(of: .made(second)))
                #expect(gone < made)
            }
        }

        @Test func aGuestThatShutItselfDownStaysDown() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts()[0]
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                await host.hypervisor.end(web, .shutDown)
                try await fleet.until("web is stopped") {
                    $0.claim("web")?.value.state == .stopped
                }
                #expect(await host.hypervisor.created == 1)
                try await fleet.want("web")
                try await fleet.until("web runs again") { $0.isRunning("web") }
                #expect(await host.hypervisor.created == 2)
            }
        }

        @Test func aGuestThatCrashedStartsAgainWhereItWas() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.want("web")
                let first = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, _) = try hosts.split(by: first.claim("web")?.value.host)
                await owner.hypervisor.end(web, .crashed(reason: "its QEMU process ended"))
                let second = try await fleet.until("web runs again") {
                    $0.isRunning("web") && $0.history("web")?.boots == 2
                }
                #expect(second.claim("web")?.incarnation == first.claim("web")?.incarnation)
                #expect(
                    second.history("web")?.lastExit == "its QEMU process ended")
            }
        }

        @Test func noHostTakesMoreThanItHas() async throws {
            try await TestFleet.run { fleet in
                let host = try await fleet.startHosts(1, ram: 512)[0]
                for vm in ["one", "two", "three"] { try await fleet.want(vm) }
                let full = try await fleet.until("two run") { cluster in
                    ["one", "two", "three"].count { cluster.isRunning($0) } == 2
                }
                let waiting = try #require(
                    ["one", "two", "three"].first { full.claim($0) == nil })
                let running = try #require(full.actualVMs.keys.first)
                #expect(await host.hypervisor.created == 2)
                try await fleet.delete("desired_vms/\(running)")
                try await fleet.until("there is room for the third") { $0.isRunning(waiting) }
            }
        }

        @Test func everyVMOfAHerdRunsOnce() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(3, ram: 8192)
                let vms = (0..<30).map { "vm-\($0)" }
                for vm in vms { try await fleet.want(vm) }
                try await fleet.until("all run") { cluster in
                    vms.allSatisfy { cluster.isRunning($0) }
                }
                var created = 0
                for host in hosts { created += await host.hypervisor.created }
                #expect(created == vms.count)
                #expect(fleet.log.tail.contains("cannot") == false)
            }
        }
    }
}
