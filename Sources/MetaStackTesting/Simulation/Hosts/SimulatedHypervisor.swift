import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// One process's connection to its host's libvirt. What was asked for happens, also where the
/// process that asked is dead by then.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedHypervisor: Hypervisor, @unchecked Sendable {
    let host: SimulatedHost
    let process: Process
    let ceph: SimulatedCeph
    let hosts: SimulatedMigrations
    let serial: () -> Int
    private var world: World { host.world }

    init(
        host: SimulatedHost, process: Process, ceph: SimulatedCeph,
        hosts: SimulatedMigrations, serial: @escaping () -> Int
    ) {
        self.host = host
        self.process = process
        self.ceph = ceph
        self.hosts = hosts
        self.serial = serial
        process.onDeath.append { host.forgetListeners() }
    }

    /// - Parameters:
    ///   - takes: how long until it is done.
    ///   - limit: when the caller gives up; it is done nevertheless.
    private func ask<Value: Sendable>(
        takes: (Duration, Duration) = (.microseconds(300), .milliseconds(8)),
        within limit: Duration? = nil, _ perform: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await process.call { [self] (pending: PendingCall<Value>) in
            let delay = world.duration(takes.0, takes.1) + host.slowness
            if let limit {
                world.after(limit) { pending.finish(.failure(SimulatedFailure.noAnswer)) }
            }
            world.after(delay) { [self] in
                guard host.hasPower else { return }
                guard host.hasLibvirt else {
                    return pending.finish(.failure(SimulatedFailure.hypervisorIsAway))
                }
                let result = Result { try perform() }
                world.after(world.duration(.microseconds(100), .milliseconds(2))) {
                    pending.finish(result)
                }
            }
        }
    }

    func capacity() async throws -> HypervisorCapacity {
        try await ask { [host] in host.capacity }
    }

    func domains() async throws -> [LocalDomain] {
        try await ask { [host] in host.domains.keys.sorted().compactMap { host.domains[$0]?.local }
        }
    }

    func domain(of vm: VMID) async throws -> LocalDomain? {
        try await ask { [host] in host.domains[vm]?.local }
    }

    func figures() async throws -> [GuestFigures] { [] }

    func create(_ guest: GuestSpecification) async throws {
        try await ask(takes: (.milliseconds(40), .milliseconds(400))) { [self] in
            try host.create(guest, ceph: ceph, serial: serial())
        }
    }

    func resume(_ vm: VMID) async throws {
        try await ask { [host] in try host.resume(vm) }
    }

    func suspend(_ vm: VMID, within limit: Duration) async throws {
        guard host.domains[vm]?.isDeaf != true else {
            return try await process.call { [self] (pending: PendingCall<Void>) in
                world.after(limit) { pending.finish(.failure(SimulatedFailure.noAnswer)) }
            }
        }
        try await ask(within: limit) { [host] in try host.standStill(vm) }
    }

    func attach(_ nic: GuestNIC, to vm: VMID) async throws {
        try await ask(takes: (.milliseconds(5), .milliseconds(80))) { [host] in
            try host.attach(nic, to: vm)
        }
    }

    func detach(_ nic: InterfaceName, from vm: VMID) async throws {
        try await ask { [host] in try host.detach(nic, from: vm) }
    }

    // MARK: Moving

    func invitation(console: String?) async throws -> String {
        let uri = SimulatedMigration.uri(of: host.number)
        return try await ask { uri }
    }

    /// libvirt goes on with it where the process that asked has ended.
    func migrate(_ vm: VMID, to uri: String) async throws {
        try await process.call { [self] (pending: PendingCall<Void>) in
            world.after(world.duration(.milliseconds(1), .milliseconds(8)) + host.slowness) {
                [self] in
                do {
                    try hosts.begin(SimulatedMigration(of: vm, from: host, to: uri)) { result in
                        pending.finish(result)
                    }
                } catch {
                    pending.finish(.failure(error))
                }
            }
        }
    }

    func abortMigration(of vm: VMID) async throws {
        try await ask { [host] in host.migrations[vm]?.isAborted = true }
    }

    func migrationProgress(of vm: VMID) async throws -> Int? {
        try await ask { [host, world] in host.migrations[vm]?.progress(at: world.now) }
    }

    func processes() async -> [VMID] { host.domains.keys.sorted() }

    func kill(_ vm: VMID) async throws {
        try await process.call { [self] (pending: PendingCall<Void>) in
            world.after(world.duration(.microseconds(50), .milliseconds(3))) { [self] in
                guard host.hasPower else { return }
                host.kill(vm)
                pending.finish(.success(()))
            }
        }
    }

    func shutDown(_ vm: VMID) async throws {
        try await ask { [self] in
            let domain = try host.domain(vm)
            guard domain.isRunning, world.chance(0.8) else { return }
            domain.shutDown(after: world.duration(.milliseconds(300), .seconds(4)))
        }
    }

    func destroy(_ vm: VMID) async throws {
        try await ask(takes: (.milliseconds(5), .milliseconds(200))) { [self] in
            host.end(
                vm, .crashed(reason: "its domain was destroyed"), isHeard: world.chance(0.9))
        }
    }

    func events() -> AsyncStream<HypervisorEvent> { host.events() }
}
