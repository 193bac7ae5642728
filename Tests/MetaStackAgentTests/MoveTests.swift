import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

extension AgentTests {
    /// Guests that go to another host with their memory, or are started there anew.
    struct MoveTests {
        private static func wanted(_ more: String = "") -> String {
            #"{"name": "web", "flavour": "tiny", "image": "tiny", "state": "start"\#(more)}"#
        }

        /// Two hosts, one of which runs `web`.
        private func run(
            _ body: @Sendable (TestFleet, Started, Started) async throws -> Void
        ) async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.want("web")
                let cluster = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, others) = try hosts.split(by: cluster.claim("web")?.value.host)
                try await body(fleet, owner, others[0])
            }
        }

        @Test func aGuestGoesWhereItsRecordIsPinnedToAndKeepsItsIncarnation() async throws {
            try await run { fleet, owner, other in
                let before = try #require(try await fleet.store.load().claim("web"))
                try await fleet.put(
                    "desired_vms/web", Self.wanted(#", "host": "\#(other.id)""#))
                let cluster = try await fleet.until("web runs there") {
                    $0.isRunning("web", on: other.id)
                }
                let after = try #require(cluster.claim("web"))
                #expect(after.createRevision == before.createRevision)
                #expect(after.incarnation == before.incarnation)
                #expect(after.lease != before.lease)
                #expect(after.value.bootedOn == owner.id)
                #expect(after.value.clients == (await other.hypervisor.clients(of: web)))
                #expect(cluster.history("web")?.clients == after.value.clients)
                #expect(cluster.history("web")?.host == other.id)
                #expect(cluster.history("web")?.boots == 1)
                #expect(await owner.hypervisor.localDomain(web) == nil)
                try await fleet.eventually("it runs") {
                    await other.hypervisor.localDomain(web)?.state == .running
                }
                #expect(await other.hypervisor.created == 0)
                #expect(await fleet.storage.evicted.isEmpty)
                try await fleet.until("nothing is left of the move") { $0.arrivals.isEmpty }
            }
        }

        @Test func aGuestIsAtHomeOnTheProcessorsThatItWasStartedOn() async throws {
            try await run { fleet, owner, other in
                for target in [other, owner] {
                    try await fleet.put(
                        "desired_vms/web", Self.wanted(#", "host": "\#(target.id)""#))
                    try await fleet.until("web runs there") { $0.isRunning("web", on: target.id) }
                }
                #expect(try await fleet.store.load().claim("web")?.value.bootedOn == nil)
                // Started anew elsewhere, it has those of its host.
                try await fleet.put(
                    "desired_vms/web", Self.wanted(#", "host": "\#(other.id)""#))
                try await fleet.until("web runs there") { $0.isRunning("web", on: other.id) }
                await other.hypervisor.end(web, .crashed(reason: "it was killed"))
                try await fleet.until("it runs again") {
                    $0.isRunning("web", on: other.id) && $0.history("web")?.boots == 2
                }
                #expect(try await fleet.store.load().claim("web")?.value.bootedOn == nil)
            }
        }

        @Test func anOrderIsFulfilledOnce() async throws {
            try await run { fleet, owner, other in
                let order = #", "move": {"id": "m1", "from": "\#(owner.id)"}"#
                try await fleet.put("desired_vms/web", Self.wanted(order))
                try await fleet.until("web has moved") { $0.isRunning("web", on: other.id) }
                // Its new host vanishes: it may go back where it came from, and stays.
                await other.agent.kill()
                await other.hypervisor.end(web, .crashed(reason: "the host lost its power"))
                let cluster = try await fleet.until("web runs again") {
                    $0.isRunning("web", on: owner.id)
                }
                #expect(cluster.history("web")?.movedFor == "m1")
                #expect(cluster.claim("web")?.value.move == nil)
            }
        }

        @Test func anOfflineMoveShutsTheGuestDownAndStartsItThere() async throws {
            try await run { fleet, owner, other in
                let before = try #require(try await fleet.store.load().claim("web"))
                let order = #", "move": {"id": "m1", "from": "\#(owner.id)", "offline": true}"#
                try await fleet.put("desired_vms/web", Self.wanted(order))
                let cluster = try await fleet.until("web runs there") {
                    $0.isRunning("web", on: other.id)
                }
                #expect(owner.hypervisor.calls.count(of: .shutDown) == 1)
                #expect(owner.hypervisor.calls.count(of: .migrate) == 0)
                #expect(await other.hypervisor.created == 1)
                let after = try #require(cluster.claim("web"))
                #expect(after.incarnation > before.incarnation)
                #expect(await fleet.storage.evicted.isEmpty, "its guest was known to be gone")
            }
        }

        /// A host remembers how a guest ended there; it is not how the next one ends.
        @Test func aGuestThatCameBackAndVanishesHasNotShutItselfDown() async throws {
            try await run { fleet, owner, other in
                let offline = #", "move": {"id": "m1", "from": "\#(owner.id)", "offline": true}"#
                try await fleet.put("desired_vms/web", Self.wanted(offline))
                try await fleet.until("web runs there") { $0.isRunning("web", on: other.id) }
                let live = #", "move": {"id": "m2", "from": "\#(other.id)"}"#
                try await fleet.put("desired_vms/web", Self.wanted(live))
                try await fleet.until("web is back") { $0.isRunning("web", on: owner.id) }
                try await fleet.eventually("it runs") {
                    await owner.hypervisor.localDomain(web)?.state == .running
                }
                await owner.hypervisor.vanish(web)
                let cluster = try await fleet.until("it runs again") {
                    $0.isRunning("web") && $0.history("web")?.boots == 3
                }
                #expect(cluster.history("web")?.lastExit == "its domain is gone")
            }
        }

        @Test func aGuestThatIsMovedWhileItShutsDownStartsAgainWhereItArrives() async throws {
            try await run { fleet, owner, other in
                await owner.hypervisor.setGuestsObey(false)
                let offline = #", "move": {"id": "m1", "from": "\#(owner.id)", "offline": true}"#
                try await fleet.put("desired_vms/web", Self.wanted(offline))
                try await fleet.eventually("it was asked to end") {
                    owner.hypervisor.calls.count(of: .shutDown) > 0
                }
                let live = #", "move": {"id": "m2", "from": "\#(owner.id)"}"#
                try await fleet.put("desired_vms/web", Self.wanted(live))
                try await fleet.until("web has moved") { $0.isRunning("web", on: other.id) }
                await other.hypervisor.end(web, .shutDown)
                try await fleet.until("web runs again") {
                    $0.isRunning("web", on: other.id) && $0.history("web")?.boots == 2
                }
            }
        }

        @Test func aFailedMoveLeavesTheGuestWhereItWas() async throws {
            try await run { fleet, owner, other in
                owner.hypervisor.calls.fail(.migrate, with: TestingError("the cable is loose"))
                try await fleet.put(
                    "desired_vms/web", Self.wanted(#", "host": "\#(other.id)""#))
                let cluster = try await fleet.until("it says why") {
                    $0.claim("web")?.value.message?.contains("the cable is loose") == true
                }
                #expect(cluster.isRunning("web", on: owner.id))
                #expect(cluster.claim("web")?.value.move == nil)
                #expect(await owner.hypervisor.localDomain(web)?.state == .running)
                try await fleet.until("the answer is withdrawn") { $0.arrivals.isEmpty }
                #expect(await other.hypervisor.localDomain(web) == nil)
            }
        }

        @Test func aGuestWhoseTargetVanishesAtTheEndStartsAgain() async throws {
            try await run { fleet, owner, other in
                let host = other.id
                owner.hypervisor.calls.before(.migrate, times: 1) {
                    await other.agent.kill()
                    try await fleet.delete("arrivals/web")
                }
                try await fleet.put(
                    "desired_vms/web",
                    Self.wanted(#", "move": {"id": "m", "from": "\#(owner.id)"}"#))
                try await fleet.until("web runs again") { cluster in
                    cluster.isRunning("web", on: owner.id)
                        && cluster.history("web")?.boots == 2
                }
                // What arrived there stands, and can write nothing.
                #expect(await other.hypervisor.localDomain(web)?.state == .paused)
                let arrived = await other.hypervisor.clients(of: web)
                #expect(await fleet.storage.evicted.isSuperset(of: arrived))
                #expect(host != owner.id)
            }
        }

        @Test func aHostThatHasNoRoomSaysSo() async throws {
            try await TestFleet.run { fleet in
                try await fleet.addTinyFlavourAndImage()
                let large = try fleet.host("a", number: 1)
                let small = try fleet.host("b", number: 2, ram: 128)
                fleet.start(large)
                fleet.start(small)
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") && $0.hosts.count == 2 }
                try await fleet.put("desired_vms/web", Self.wanted(#", "host": "b""#))
                try await fleet.until("it says why it stays") { cluster in
                    cluster.isRunning("web", on: large.id)
                        && cluster.claim("web")?.value.message?.contains("needs 256 MiB") == true
                }
            }
        }

        @Test func aHostInMaintenanceIsDrainedTwoAtATimeAndGetsItsVMsBack() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2, ram: 16384)
                try await fleet.put("desired_hosts/b", #"{"state": "maintenance"}"#)
                let names = (0..<8).map { "vm-\($0)" }
                for name in names {
                    try await fleet.put(
                        "desired_vms/\(name)",
                        """
                        {"name": "\(name)", "flavour": "tiny", "image": "tiny", "state": "start",
                         "goes_back": true}
                        """)
                }
                try await fleet.until("all run on a") { cluster in
                    names.allSatisfy { cluster.isRunning($0, on: hosts[0].id) }
                }
                hosts[0].hypervisor.calls.before(.migrate) {
                    try await Task.sleep(for: .milliseconds(30))
                }
                try await fleet.put("desired_hosts/b", #"{"state": "ready"}"#)
                try await fleet.put("desired_hosts/a", #"{"state": "maintenance"}"#)
                let most = MostMoves()
                try await fleet.until("all run on b", within: .seconds(30)) { cluster in
                    most.note(cluster.actualVMs.values.count { $0.value.move != nil })
                    return names.allSatisfy { cluster.isRunning($0, on: hosts[1].id) }
                }
                #expect(most.value == 2)
                try await fleet.put("desired_hosts/a", #"{"state": "ready"}"#)
                try await fleet.until("all are back", within: .seconds(30)) { cluster in
                    names.allSatisfy { cluster.isRunning($0, on: hosts[0].id) }
                }
                #expect(await fleet.storage.evicted.isEmpty)
            }
        }

        @Test func ownersShareLoadByThemselvesWhereThePolicyIsOn() async throws {
            try await TestFleet.run { fleet in
                let hosts = try await fleet.startHosts(2, ram: 1024)
                try await fleet.put("desired_hosts/b", #"{"state": "maintenance"}"#)
                for number in 0..<4 { try await fleet.want("vm-\(number)") }
                try await fleet.until("all run on a") { cluster in
                    (0..<4).allSatisfy { cluster.isRunning("vm-\($0)", on: hosts[0].id) }
                }
                try await fleet.put(
                    "global_config/rebalance",
                    #"{"state": "on", "threshold_percent": 20, "interval_s": 1, "cool_down_s": 0}"#)
                try await fleet.delete("desired_hosts/b")
                try await fleet.until("both have two", within: .seconds(30)) { cluster in
                    hosts.allSatisfy { host in
                        (0..<4).count { cluster.isRunning("vm-\($0)", on: host.id) } == 2
                    }
                }
                #expect(await fleet.storage.evicted.isEmpty)
            }
        }

        @Test func aMoveThatFailedIsTriedAgainThoughNothingElseHappens() async throws {
            try await run { fleet, owner, other in
                owner.hypervisor.calls.before(.migrate, times: 1) {
                    throw TestingError("the port is in use")
                }
                let order = #", "move": {"id": "m", "from": "\#(owner.id)"}"#
                try await fleet.put("desired_vms/web", Self.wanted(order))
                try await fleet.until("it says why it stays") {
                    $0.claim("web")?.value.message?.contains("the port is in use") == true
                }
                try await fleet.until("it has moved", within: .seconds(30)) {
                    $0.isRunning("web", on: other.id)
                }
                #expect(owner.hypervisor.calls.count(of: .migrate) == 2)
            }
        }

        @Test func aMoveWhoseTargetIsGoneIsBrokenOffAndTheGuestRunsOn() async throws {
            try await run { fleet, owner, other in
                let (moves, move) = AsyncStream<Void>.makeStream()
                owner.hypervisor.calls.before(.migrate, times: 1) {
                    for await _ in moves { throw TestingError("broken off") }
                }
                owner.hypervisor.calls.before(.abortMigration) { move.yield() }
                let order = #", "move": {"id": "m", "from": "\#(owner.id)"}"#
                try await fleet.put("desired_vms/web", Self.wanted(order))
                try await fleet.until("it moves") { !$0.arrivals.isEmpty }
                await other.agent.kill()
                try await fleet.delete("arrivals/web")
                let cluster = try await fleet.until("it says why it stays") {
                    $0.claim("web")?.value.message?.contains("does not wait for it") == true
                }
                #expect(cluster.isRunning("web", on: owner.id))
                #expect(cluster.claim("web")?.value.move == nil)
                #expect(cluster.history("web")?.boots == 1)
            }
        }

        /// Seen with a source that was cut off from etcd and Ceph in the midst of a move.
        @Test func aMoveThatNeverEndsKeepsNoGuestThatIsAnothers() async throws {
            try await run { fleet, owner, other in
                let (ends, end) = AsyncStream<Void>.makeStream()
                owner.hypervisor.calls.before(.migrate, times: 1) {
                    for await _ in ends { throw TestingError("its QEMU is gone") }
                }
                owner.hypervisor.calls.before(.abortMigration) {
                    throw TestingError("libvirt gave no answer")
                }
                owner.hypervisor.calls.before(.kill) { end.yield() }
                let order = #", "move": {"id": "m", "from": "\#(owner.id)"}"#
                try await fleet.put("desired_vms/web", Self.wanted(order))
                try await fleet.until("it moves") { !$0.arrivals.isEmpty }
                try await fleet.delete("actual_vms/web")
                try await fleet.until("another host runs it") {
                    $0.isRunning("web", on: other.id)
                }
                try await fleet.eventually("nothing of it is left where it was") {
                    await owner.hypervisor.localDomain(web) == nil
                }
            }
        }

        @Test func aTargetWhoseAgentIsRestartedMidwayStillTakesTheGuest() async throws {
            try await TestFleet.run(leaseTTL: .seconds(20)) { fleet in
                let hosts = try await fleet.startHosts(2)
                try await fleet.want("web")
                let before = try await fleet.until("web runs") { $0.isRunning("web") }
                let (owner, others) = try hosts.split(by: before.claim("web")?.value.host)
                let other = others[0]
                owner.hypervisor.calls.before(.migrate, times: 1) {
                    let old = try await fleet.store.load().arrivals[web]?.lease
                    await other.agent.kill()
                    fleet.start(other.host)
                    // Long before the former agent's lease is over.
                    try await fleet.until("the next agent has answered") {
                        $0.arrivals[web].map { $0.lease != old } ?? false
                    }
                }
                let order = #", "move": {"id": "m", "from": "\#(owner.id)"}"#
                try await fleet.put("desired_vms/web", Self.wanted(order))
                let after = try await fleet.until("web runs there") {
                    $0.isRunning("web", on: other.id)
                }
                #expect(after.claim("web")?.incarnation == before.claim("web")?.incarnation)
                #expect(after.history("web")?.boots == 1)
                #expect(await fleet.storage.evicted.isEmpty)
            }
        }

        @Test func aHistoryThatSomebodyElseWritesMeanwhileCostsNoMemory() async throws {
            try await run { fleet, owner, other in
                owner.hypervisor.calls.before(.migrate, times: 1) {
                    // As a host does that lifts its evictions.
                    let history = try #require(try await fleet.store.load().histories[web]?.value)
                    _ = try await fleet.store.write([.put(.history(web), history)], if: [])
                }
                let order = #", "move": {"id": "m", "from": "\#(owner.id)"}"#
                try await fleet.put("desired_vms/web", Self.wanted(order))
                let cluster = try await fleet.until("web runs") {
                    $0.isRunning("web", on: other.id)
                        || $0.history("web").map { $0.boots > 1 } ?? false
                }
                #expect(cluster.isRunning("web", on: other.id))
                #expect(cluster.history("web")?.boots == 1)
                #expect(cluster.history("web")?.movedFor == "m")
            }
        }

        @Test func aMoveThatNobodyWantsAnyMoreIsBrokenOff() async throws {
            try await run { fleet, owner, other in
                let (moves, move) = AsyncStream<Void>.makeStream()
                owner.hypervisor.calls.before(.migrate) {
                    for await _ in moves { throw TestingError("broken off") }
                }
                // The first time as libvirt does before its job has begun: nothing.
                let calls = owner.hypervisor.calls
                calls.before(.abortMigration) {
                    if calls.count(of: .abortMigration) > 1 { move.yield() }
                }
                try await fleet.put(
                    "desired_vms/web", Self.wanted(#", "host": "\#(other.id)""#))
                try await fleet.until("it moves") { cluster in
                    cluster.claim("web")?.value.move != nil && !cluster.arrivals.isEmpty
                }
                try await fleet.put("desired_vms/web", Self.wanted())
                let cluster = try await fleet.until("it does not any more") {
                    $0.claim("web")?.value.move == nil && $0.arrivals.isEmpty
                }
                #expect(cluster.isRunning("web", on: owner.id))
            }
        }
    }
}

/// The largest number that was seen.
private final class MostMoves: Sendable {
    private let state = Mutex(0)

    var value: Int { state.withLock(\.self) }

    func note(_ number: Int) { state.withLock { $0 = max($0, number) } }
}
