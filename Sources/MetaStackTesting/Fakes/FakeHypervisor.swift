public import MetaStackAgent
public import MetaStackDecisions
public import MetaStackModel

/// A host's hypervisor in memory. A domain created paused opens its disks, and so becomes a watcher
/// that nobody was before; a running one writes; one whose write is refused stands still, as
/// `error_policy='stop'` has it.
///
/// It outlives the agent, as libvirt does: an agent that ends leaves its domains as they are.
public actor FakeHypervisor: Hypervisor {
    public enum Call: Sendable, Hashable {
        case capacity, domains, domain, create, resume, suspend, shutDown, destroy, kill
        case attach, detach, figures
        case invitation, migrate, receive, abortMigration
    }

    private struct Guest {
        var specification: GuestSpecification
        var state: LocalDomain.State
        /// NICs that it was asked to let go.
        var asked: Set<InterfaceName> = []
        var disks: [(path: FakeDiskPath, client: StorageClient)]
        /// Those that the guest may only read; QEMU watches them as well.
        var readOnly: [(path: FakeDiskPath, client: StorageClient)] = []
    }

    public nonisolated let calls = CallPoints<Call>()
    /// Whether guests shut down when they are asked to.
    public private(set) var guestsObey = true
    /// Whether guests let NICs go when they are asked to.
    public private(set) var guestsLetGo = true
    /// How often a domain was created.
    public private(set) var created = 0
    private let what: HypervisorCapacity
    private let address: String
    private let storage: FakeStorage
    private let others: FakeHypervisors
    private let listeners = HypervisorListeners()
    private var guests: [VMID: Guest] = [:]

    /// - Parameter address: the host's own, which its storage clients carry.
    public init(
        capacity: HypervisorCapacity, address: String, storage: FakeStorage,
        others: FakeHypervisors = FakeHypervisors()
    ) {
        self.others = others
        what = capacity
        self.address = address
        self.storage = storage
    }

    // MARK: What the agent calls

    public func capacity() async throws -> HypervisorCapacity {
        try await calls.reached(.capacity)
        return what
    }

    public func domains() async throws -> [LocalDomain] {
        try await calls.reached(.domains)
        return guests.keys.sorted().compactMap(localDomain)
    }

    public func domain(of vm: VMID) async throws -> LocalDomain? {
        try await calls.reached(.domain)
        return localDomain(vm)
    }

    /// Each NIC has carried as much as its place says.
    public func figures() async throws -> [GuestFigures] {
        try await calls.reached(.figures)
        return guests.values.map { guest in
            GuestFigures(
                vm: guest.specification.vm, cpuTime: .milliseconds(1500),
                memory: Int(guest.specification.ram.bytes),
                nics: guest.specification.nics.enumerated().map { place, nic in
                    let count = UInt64(place + 1)
                    return GuestFigures.NIC(
                        interface: nic.interface,
                        received: .init(bytes: 1000 * count, packets: 10 * count),
                        sent: .init(bytes: 2000 * count, packets: 20 * count, dropped: count))
                })
        }
    }

    public func create(_ guest: GuestSpecification) async throws {
        try await calls.reached(.create)
        guard guests[guest.vm] == nil else {
            throw TestingError("domain of VM \(guest.vm) exists already")
        }
        created += 1
        try await open(guest)
    }

    private func open(_ guest: GuestSpecification) async throws {
        guests[guest.vm] = Guest(specification: guest, state: .paused, disks: [])
        do {
            for case .rbd(let disk) in guest.disks {
                let path = FakeDiskPath(pool: disk.pool, image: disk.image)
                let client = try await storage.open(path, from: address)
                if disk.isReadOnly {
                    guests[guest.vm]?.readOnly.append((path, client))
                } else {
                    guests[guest.vm]?.disks.append((path, client))
                }
            }
        } catch {
            await remove(guest.vm)
            throw error
        }
        listeners.tell(.changed(guest.vm))
    }

    public func resume(_ vm: VMID) async throws {
        try await calls.reached(.resume)
        _ = try existing(vm)
        guests[vm]?.state = .running
        await write(vm)
        listeners.tell(.changed(vm))
    }

    /// What is set to happen before it is given up after `limit`.
    public func suspend(_ vm: VMID, within limit: Duration) async throws {
        try await withThrowingTaskGroup { [calls] group in
            group.addTask { try await calls.reached(.suspend) }
            group.addTask {
                try await Task.sleep(for: limit)
                throw TestingError("no answer within \(limit)")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        if case .running = try existing(vm).state { guests[vm]?.state = .paused }
        listeners.tell(.changed(vm))
    }

    public func shutDown(_ vm: VMID) async throws {
        try await calls.reached(.shutDown)
        _ = try existing(vm)
        if guestsObey { await end(vm, .shutDown) }
    }

    public func attach(_ nic: GuestNIC, to vm: VMID) async throws {
        try await calls.reached(.attach)
        guard
            try !existing(vm).specification.nics.contains(where: { $0.interface == nic.interface })
        else { throw TestingError("there is a link \(nic.interface) already") }
        guests[vm]?.specification.nics.append(nic)
        listeners.tell(.changed(vm))
    }

    public func detach(_ nic: InterfaceName, from vm: VMID) async throws {
        try await calls.reached(.detach)
        guests[vm]?.asked.insert(nic)
        if guestsLetGo { letGo(vm) }
    }

    public func destroy(_ vm: VMID) async throws {
        try await calls.reached(.destroy)
        await end(vm, .crashed(reason: "its domain was destroyed"))
    }

    // MARK: Moving

    private nonisolated var uri: String { "fake://\(address)" }

    public func invitation(console: String?) async throws -> String {
        try await calls.reached(.invitation)
        others.add(self, at: uri)
        return uri
    }

    public func migrate(_ vm: VMID, to uri: String) async throws {
        try await calls.reached(.migrate)
        let guest = try existing(vm)
        guard let target = others[uri] else { throw TestingError("nobody is at \(uri)") }
        try await target.receive(guest.specification)
        await end(vm, .crashed(reason: "its guest has moved"))
    }

    /// Nothing of a fake's guest takes time but what a test holds back before `migrate`.
    public func abortMigration(of vm: VMID) async throws {
        try await calls.reached(.abortMigration)
    }

    public func migrationProgress(of vm: VMID) -> Int? { nil }

    private func receive(_ guest: GuestSpecification) async throws {
        try await calls.reached(.receive)
        try await open(guest)
    }

    public func processes() -> [VMID] { guests.keys.sorted() }

    public func kill(_ vm: VMID) async throws {
        try await calls.reached(.kill)
        await end(vm, .crashed(reason: "its QEMU process ended"))
    }

    public nonisolated func events() -> AsyncStream<HypervisorEvent> { listeners.events() }

    // MARK: What guests do

    /// The guest writes once to each of its disks, where it runs.
    ///
    /// - Returns: whether all of it reached the disks.
    @discardableResult
    public func write(_ vm: VMID) async -> Bool {
        guard let guest = guests[vm], guest.state == .running else { return false }
        for disk in guest.disks {
            do {
                try await storage.write(disk.path, as: disk.client)
            } catch {
                guests[vm]?.state = .ioError
                listeners.tell(.changed(vm))
                return false
            }
        }
        return true
    }

    /// The guest ends by itself.
    public func end(_ vm: VMID, _ exit: GuestExit) async {
        guard guests[vm] != nil else { return }
        await remove(vm)
        listeners.tell(.ended(vm, exit))
    }

    /// The guest's process is gone, and the hypervisor has not found out why yet.
    public func vanish(_ vm: VMID) async {
        guard guests[vm] != nil else { return }
        await remove(vm)
        listeners.tell(.changed(vm))
    }

    public func setGuestsLetGo(_ letGo: Bool) { guestsLetGo = letGo }

    /// The guest lets go what it was asked for.
    public func letGo(_ vm: VMID) {
        guard let asked = guests[vm]?.asked else { return }
        guests[vm]?.specification.nics.removeAll { asked.contains($0.interface) }
        guests[vm]?.asked = []
        listeners.tell(.changed(vm))
    }

    public func setGuestsObey(_ obey: Bool) { guestsObey = obey }

    // MARK: What tests look at

    /// The domain as it is, whatever calls are made to fail.
    public func localDomain(_ vm: VMID) -> LocalDomain? {
        guests[vm].map {
            LocalDomain(
                vm: vm, incarnation: $0.specification.incarnation,
                vmCreateRevision: $0.specification.vmCreateRevision, state: $0.state,
                nics: $0.specification.nics.map {
                    LocalDomain.NIC(interface: $0.interface, mac: $0.mac)
                })
        }
    }

    public func specification(of vm: VMID) -> GuestSpecification? { guests[vm]?.specification }

    public func clients(of vm: VMID) -> [StorageClient] {
        (guests[vm]?.disks ?? []).map(\.client).sorted()
    }

    private func existing(_ vm: VMID) throws -> Guest {
        guard let guest = guests[vm] else {
            throw TestingError("VM \(vm) has no domain on this host")
        }
        return guest
    }

    private func remove(_ vm: VMID) async {
        let guest = guests.removeValue(forKey: vm)
        for disk in (guest?.disks ?? []) + (guest?.readOnly ?? []) {
            await storage.close(disk.path, disk.client)
        }
    }
}
