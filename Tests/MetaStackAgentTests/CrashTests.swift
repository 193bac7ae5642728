import Etcd
import LinuxNetwork
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

extension AgentTests {
    /// An agent that dies right before each of its calls in turn, whichever those are.
    struct CrashTests {
        enum Crash: Sendable, CaseIterable {
            case agent, host
        }

        @Test(arguments: Crash.allCases)
        func aCrashBeforeAnyStepOfProvisioningLeaksAndLosesNothing(_ crash: Crash) async throws {
            try await Life.run(crash) { life in
                var steps = 0
                repeat {
                    steps += 1
                    life.crash.arm(before: steps)
                    try await life.wantWithSeed()
                    try await life.surviveUntil("web runs") { $0.isRunning("web") }
                    let fired = life.crash.disarm()
                    let known = try await life.fleet.store.load().volumes[web, default: [:]].values
                        .map { FakeDiskPath(pool: $0.value.pool, image: $0.value.image) }
                    #expect(known.count == 2)
                    #expect(await life.disksOfVMs() == Set(known))
                    #expect(await life.host.hypervisor.write(web))
                    try await life.fleet.delete("desired_vms/web")
                    try await life.expectNothingLeft()
                    if !fired { break }
                } while steps < 100
                #expect((10..<100).contains(steps), "it has \(steps) steps")
            }
        }

        @Test(arguments: Crash.allCases)
        func aCrashBeforeAnyStepOfANICsComingOrGoingLosesNothing(_ crash: Crash) async throws {
            try await Life.run(crash) { life in
                try await life.fleet.addNetwork("blue", "10.7.0.0/28")
                try await life.fleet.addNetwork("red", "10.8.0.0/28")
                var steps = 0
                repeat {
                    steps += 1
                    try await life.fleet.want("web", nics: #"[{"network": "blue"}, {}]"#)
                    try await life.fleet.until("web runs") { $0.isRunning("web") }
                    life.crash.arm(before: steps)
                    // The first one goes, another one comes, and one stays in another place.
                    let stays = MACAddress(vm: web, nic: 1)
                    let comes = MACAddress(vm: web, nic: 5)
                    try await life.fleet.want(
                        "web",
                        nics: #"[{"mac": "\#(stays)"}, {"network": "red", "mac": "\#(comes)"}]"#)
                    try await life.survive(until: "its NICs are others") {
                        let claim = try await life.fleet.store.load().claim("web")?.value
                        let guest = await life.host.hypervisor.specification(of: web)
                        return claim?.state == .running && claim?.macs == [stays, comes]
                            && Set(guest?.nics.map(\.mac) ?? []) == [stays, comes]
                    }
                    let fired = life.crash.disarm()
                    let cluster = try await life.fleet.store.load()
                    let held = cluster.addresses.held(by: web)
                    #expect(held.map(\.id.network.text) == ["red"])
                    #expect(held.map(\.held.value.mac) == [comes])
                    #expect(
                        held.map(\.id.address) == cluster.claim("web")?.value.nics.last?.addresses)
                    try await life.fleet.eventually("its host keeps it to what it has") {
                        let ports = life.host.network.wanted.ports
                        return ports.map(\.mac) == [comes]
                            && ports.first?.addresses == held.map(\.id.address)
                    }
                    try await life.fleet.delete("desired_vms/web")
                    try await life.fleet.until("nothing is left") { $0.knowsNothing(of: "web") }
                    if !fired { break }
                } while steps < 100
                #expect((4..<100).contains(steps), "it has \(steps) steps")
            }
        }

        @Test(arguments: Crash.allCases)
        func aCrashBeforeAnyStepOfDeletingLeaksAndLosesNothing(_ crash: Crash) async throws {
            try await Life.run(crash) { life in
                var steps = 0
                repeat {
                    steps += 1
                    try await life.wantWithSeed()
                    try await life.fleet.until("web runs") { $0.isRunning("web") }
                    life.crash.arm(before: steps)
                    try await life.fleet.delete("desired_vms/web")
                    try await life.expectNothingLeft()
                } while life.crash.disarm() && steps < 100
                #expect((4..<100).contains(steps), "it has \(steps) steps")
            }
        }
    }
}

/// One host whose agents die at a chosen call and are followed by the next.
private final class Life: Sendable {
    let fleet: TestFleet
    let host: TestHost
    let crash = CrashPoint()
    private let kind: AgentTests.CrashTests.Crash
    private let agent: Mutex<AgentRun>
    private let disksAtFirst: Set<FakeDiskPath>

    static func run(
        _ kind: AgentTests.CrashTests.Crash, _ body: @Sendable (Life) async throws -> Void
    ) async throws {
        // The lease outlives an agent, and the next one carries the claims over.
        try await TestFleet.run(leaseTTL: .seconds(60)) { fleet in
            let started = try await fleet.startHosts()[0]
            await started.agent.stop()
            try await body(await Life(fleet, started.host, kind))
        }
    }

    private init(
        _ fleet: TestFleet, _ host: TestHost, _ kind: AgentTests.CrashTests.Crash
    ) async {
        self.fleet = fleet
        self.host = host
        self.kind = kind
        disksAtFirst = Set(await fleet.storage.disks.keys)
        let crash = crash
        let storageSteps: [FakeStorage.Call] = [
            .clone, .store, .remove, .writers, .evict, .breakLocks, .liftEvictions, .evicted, .disk,
        ]
        for step in storageSteps { fleet.storage.calls.before(step) { try await crash.pass() } }
        let guestSteps: [FakeHypervisor.Call] = [
            .create, .resume, .suspend, .shutDown, .destroy, .attach, .detach,
        ]
        for step in guestSteps { host.hypervisor.calls.before(step) { try await crash.pass() } }
        agent = Mutex(Self.start(host, in: fleet, crash))
    }

    /// Half-made disks stay on record for half a minute, which the agent's clock makes short.
    private static func start(
        _ host: TestHost, in fleet: TestFleet, _ crash: CrashPoint
    ) -> AgentRun {
        fleet.start(
            host, etcd: { CrashingEtcd(etcd: $0, crash: crash) },
            adjust: { $0.clock = FastClock(times: 20) })
    }

    /// Waits until something is so, and follows an agent that dies meanwhile by another.
    func surviveUntil(
        _ what: String, _ isSo: @escaping @Sendable (Cluster) -> Bool
    ) async throws {
        try await fleet.eventually("\(what), or the agent dies") {
            if crash.hasFired { return true }
            return isSo(try await fleet.store.load())
        }
        guard crash.hasFired else { return }
        try await startAnew()
        try await fleet.until(what, isSo)
    }

    /// The same for what is not in the records alone.
    func survive(until what: String, _ isSo: () async throws -> Bool) async throws {
        try await fleet.eventually("\(what), or the agent dies") {
            if crash.hasFired { return true }
            return try await isSo()
        }
        guard crash.hasFired else { return }
        try await startAnew()
        try await fleet.eventually(what) { try await isSo() }
    }

    private func startAnew() async throws {
        await agent.withLock(\.self).kill()
        crash.bury()
        if kind == .host { try await loseHost() }
        let next = Self.start(host, in: fleet, crash)
        agent.withLock { $0 = next }
    }

    /// What the end of a host takes with it, once its lease has run out.
    private func loseHost() async throws {
        try await host.hypervisor.destroy(web)
        guard let lease = try await fleet.store.load().hosts[host.id]?.lease else { return }
        try await fleet.store.client.revoke(LeaseID(rawValue: lease.number))
    }

    /// A VM with two disks: its own and its seed.
    func wantWithSeed() async throws {
        try await fleet.put(
            "desired_vms/web",
            #"{"name": "web", "flavour": "tiny", "image": "tiny", "cloud_init": {}}"#)
    }

    func disksOfVMs() async -> Set<FakeDiskPath> {
        Set(await fleet.storage.disks.keys).subtracting(disksAtFirst)
    }

    func expectNothingLeft() async throws {
        try await surviveUntil("nothing is left of web") { $0.knowsNothing(of: "web") }
        #expect(await disksOfVMs().isEmpty)
        #expect(await host.hypervisor.localDomain(web) == nil)
    }
}

/// The call at which an agent dies: it is not made, and nothing comes after it.
private final class CrashPoint: Sendable {
    private struct State {
        var stepsLeft: Int?
        var isDead = false
        var hasFired = false
    }

    private let state = Mutex(State())

    func arm(before step: Int) { state.withLock { $0 = State(stepsLeft: step) } }

    /// - Returns: whether it fired since it was armed.
    func disarm() -> Bool {
        state.withLock { state in
            defer { state = State() }
            return state.hasFired
        }
    }

    var hasFired: Bool { state.withLock(\.hasFired) }

    /// The agent is gone; the next one's calls pass.
    func bury() { state.withLock { $0.isDead = false } }

    /// Lets a call pass, or holds it until its agent is gone.
    func pass() async throws {
        let isDead = state.withLock { state in
            guard let left = state.stepsLeft else { return state.isDead }
            state.stepsLeft = left > 1 ? left - 1 : nil
            if left == 1 { (state.isDead, state.hasFired) = (true, true) }
            return state.isDead
        }
        if isDead { try await Task.sleep(for: .seconds(3600)) }
    }
}

private struct CrashingEtcd: EtcdDecorator {
    let etcd: any EtcdCalls
    let crash: CrashPoint

    func transact(
        _ transaction: Transaction, deadline: Duration?
    ) async throws -> TransactionResult {
        try await crash.pass()
        return try await etcd.transact(transaction, deadline: deadline)
    }
}
