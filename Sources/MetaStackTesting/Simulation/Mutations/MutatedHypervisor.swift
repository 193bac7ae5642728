import Etcd
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// A hypervisor with a mistake in its use.
///
/// `@unchecked Sendable`: see ``World``.
final class MutatedHypervisor: Hypervisor, @unchecked Sendable {
    private let real: any Hypervisor
    private let mutation: Mutation
    private let host: SimulatedHost
    private let fleet: SimulatedFleet
    /// Domains that are said to be gone and are not yet.
    private var dying: Set<VMID> = []
    /// NICs that are said to be gone and are not yet.
    private var unplugging: Set<InterfaceName> = []

    init(real: any Hypervisor, mutation: Mutation, host: SimulatedHost, fleet: SimulatedFleet) {
        self.real = real
        self.mutation = mutation
        self.host = host
        self.fleet = fleet
    }

    func create(_ guest: GuestSpecification) async throws {
        try await real.create(guest)
        if mutation == .resumeBeforeRecord { try await real.resume(guest.vm) }
    }

    func suspend(_ vm: VMID, within limit: Duration) async throws {
        switch mutation {
        case .noSuspend: return
        case .suspendAlone: try host.suspend(vm)
        default: try await real.suspend(vm, within: limit)
        }
    }

    func kill(_ vm: VMID) async throws {
        if mutation != .spareTheDeaf { try await real.kill(vm) }
    }

    func destroy(_ vm: VMID) async throws {
        guard mutation == .releaseBeforeDestroy else { return try await real.destroy(vm) }
        dying.insert(vm)
        fleet.world.after(.seconds(3)) { [self] in
            dying.remove(vm)
            host.end(vm, .crashed(reason: "its domain was destroyed"), isHeard: true)
        }
    }

    func detach(_ nic: InterfaceName, from vm: VMID) async throws {
        if mutation == .releaseBeforeUnplug { unplugging.insert(nic) }
        try await real.detach(nic, from: vm)
    }

    func domains() async throws -> [LocalDomain] {
        try await real.domains().filter { !dying.contains($0.vm) }.map(seen)
    }

    func domain(of vm: VMID) async throws -> LocalDomain? {
        dying.contains(vm) ? nil : try await real.domain(of: vm).map(seen)
    }

    /// A domain as an agent sees it that does not look at incarnations.
    private func seen(_ domain: LocalDomain) -> LocalDomain {
        var seen = domain
        seen.nics.removeAll { unplugging.contains($0.interface) }
        guard mutation == .adoptAnything else { return seen }
        if let claim = fleet.claim(of: domain.vm) {
            if claim.value.host == host.id { seen.incarnation = claim.incarnation }
        } else if let history = fleet.history(of: domain.vm) {
            seen.incarnation = history.incarnation
        }
        return seen
    }

    // MARK: As it is

    func capacity() async throws -> HypervisorCapacity { try await real.capacity() }

    func figures() async throws -> [GuestFigures] { try await real.figures() }

    func resume(_ vm: VMID) async throws { try await real.resume(vm) }

    func shutDown(_ vm: VMID) async throws { try await real.shutDown(vm) }

    func attach(_ nic: GuestNIC, to vm: VMID) async throws { try await real.attach(nic, to: vm) }

    func invitation(console: String?) async throws -> String {
        try await real.invitation(console: console)
    }

    func migrate(_ vm: VMID, to uri: String) async throws {
        try await real.migrate(vm, to: uri)
        guard mutation == .resumeOnArrival,
            let target = fleet.nodes.first(where: { $0.host.domains[vm] != nil })
        else { return }
        try target.host.resume(vm)
    }

    func abortMigration(of vm: VMID) async throws { try await real.abortMigration(of: vm) }

    func migrationProgress(of vm: VMID) async throws -> Int? {
        try await real.migrationProgress(of: vm)
    }

    func processes() async -> [VMID] { await real.processes() }

    func events() -> AsyncStream<HypervisorEvent> { real.events() }
}

extension SimulatedFleet {
    /// A VM's claim as etcd has it at this instant.
    func claim(of vm: VMID) -> Stored<ActualVM>? {
        guard let keyValue = stored(.actualVM(vm)),
            let claim = try? ActualVM(json: keyValue.value, path: "")  // Agents wrote it.
        else { return nil }
        return Stored(
            claim, revision: .init(keyValue.modRevision.rawValue),
            createRevision: .init(keyValue.createRevision.rawValue),
            lease: keyValue.lease.map { LeaseNumber($0.rawValue) })
    }

    /// What outlives a VM's claims, as etcd has it at this instant.
    func history(of vm: VMID) -> VMHistory? {
        // Agents wrote it.
        stored(.history(vm)).flatMap { try? VMHistory(json: $0.value, path: "") }
    }
}
