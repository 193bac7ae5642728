import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// A machine: its libvirt with the domains on it, its clocks, and the process of the agent. The
/// domains outlive the agent; nothing outlives the machine's power.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedHost: @unchecked Sendable {
    let number: Int
    let id: HostID
    let capacity: HypervisorCapacity
    let world: World
    let clock: MachineClock
    private(set) var domains: [VMID: SimulatedDomain] = [:]
    /// Guests on their way to other hosts.
    var migrations: [VMID: SimulatedMigration] = [:]
    private(set) var hasPower = true
    /// What agents leave for the next one in `/run`.
    var proof: ContinuousClock.Instant?
    private(set) var hasLibvirt = true
    /// Whose guests have shut down here, and nobody had asked them to.
    var endedByThemselves: Set<VMID> = []
    /// What its kernel has of guests' networks.
    private(set) var network = FakeGuestNetwork()
    /// How much longer libvirt takes for everything.
    var slowness = Duration.zero
    private var listeners: [AsyncStream<HypervisorEvent>.Continuation] = []
    /// When the last event is told that has happened.
    private var toldUntil = Moment.start

    init(number: Int, ram: Int, world: World) throws {
        self.number = number
        self.world = world
        id = try HostID("node-\(number)")
        capacity = HypervisorCapacity(
            ram: try Mebibytes(ram), vcpus: 8, machine: "machine-\(number)",
            description: "simulated")
        let drift = Int64(world.random.below(1001)) - 500
        clock = MachineClock(world: world, drift: drift)
    }

    // MARK: libvirt

    func domain(_ vm: VMID) throws -> SimulatedDomain {
        guard let domain = domains[vm] else { throw SimulatedFailure.noDomain(vm) }
        return domain
    }

    func create(_ guest: GuestSpecification, ceph: SimulatedCeph, serial: Int) throws {
        guard domains[guest.vm] == nil else { throw SimulatedFailure.domainExists(guest.vm) }
        let domain = try SimulatedDomain(guest, host: number, serial: serial, ceph: ceph)
        add(domain)
        world.note(
            "host \(number) creates vm \(guest.vm) domain \(serial) of incarnation "
                + "\(guest.incarnation)")
        tell(.changed(guest.vm))
    }

    /// A guest comes from another host, and stands paused.
    func receive(_ guest: SimulatedDomain, ceph: SimulatedCeph, serial: Int) throws {
        guard domains[guest.vm] == nil else { throw SimulatedFailure.domainExists(guest.vm) }
        var specification = guest.specification
        specification.nics = guest.nics
        let domain = try SimulatedDomain(
            specification, host: number, serial: serial, ceph: ceph)
        domain.remember(guest)
        add(domain)
        world.note(
            "host \(number) receives vm \(guest.vm) domain \(serial), \(guest.serial) before")
        tell(.changed(guest.vm))
    }

    private func add(_ domain: SimulatedDomain) {
        let vm = domain.vm
        domain.onChange = { [weak self] in self?.tell(.changed(vm)) }
        domain.onShutdown = { [weak self] in self?.end(vm, .shutDown, isHeard: true) }
        domains[vm] = domain
    }

    func resume(_ vm: VMID) throws {
        let domain = try domain(vm)
        world.note("host \(number) resumes vm \(vm) domain \(domain.serial)")
        domain.resume()
        tell(.changed(vm))
    }

    func suspend(_ vm: VMID) throws {
        let domain = try domain(vm)
        world.note("host \(number) suspends vm \(vm) domain \(domain.serial)")
        domain.suspend()
        tell(.changed(vm))
    }

    /// What is on its way to another host is broken off, and is not let run on then.
    func standStill(_ vm: VMID) throws {
        try suspend(vm)
        migrations[vm]?.isAborted = true
        migrations[vm]?.resumesGuest = false
    }

    func attach(_ nic: GuestNIC, to vm: VMID) throws {
        let domain = try domain(vm)
        try domain.attach(nic)
        world.note("host \(number) plugs \(nic.interface) into domain \(domain.serial)")
        domain.plugged()
        tell(.changed(vm))
    }

    /// The guest lets a NIC go, if it hears.
    func detach(_ nic: InterfaceName, from vm: VMID) throws {
        let domain = try domain(vm)
        guard domain.isRunning, world.chance(0.9) else { return }
        world.after(world.duration(.milliseconds(20), .seconds(4))) { [self] in
            guard domains[vm] === domain, domain.isRunning else { return }
            world.note("host \(number) unplugs \(nic) from domain \(domain.serial)")
            domain.detach(nic)
            tell(.changed(vm))
        }
    }

    /// SIGKILL of a domain's process.
    func kill(_ vm: VMID) {
        end(vm, .crashed(reason: "its QEMU process ended"), isHeard: false)
    }

    /// The domain ends, by whatever cause.
    func end(_ vm: VMID, _ exit: GuestExit, isHeard: Bool) {
        guard let domain = domains.removeValue(forKey: vm) else { return }
        world.note("host \(number) ends vm \(vm) domain \(domain.serial): \(exit)")
        domain.end(isHeard: isHeard)
        tell(.ended(vm, exit))
    }

    // MARK: Events

    func events() -> AsyncStream<HypervisorEvent> {
        let (events, listener) = AsyncStream<HypervisorEvent>.makeStream()
        listeners.append(listener)
        if hasLibvirt { listener.yield(.listAgain) }
        return events
    }

    func forgetListeners() {
        listeners.forEach { $0.finish() }
        listeners = []
    }

    /// libvirt tells of one thing after the other, and late where it is busy: until then a look shows
    /// what it has not told yet.
    private func tell(_ event: HypervisorEvent) {
        guard hasLibvirt else { return }
        let delay =
            world.chance(0.03)
            ? world.duration(.milliseconds(5), .seconds(1))
            : world.duration(.microseconds(100), .milliseconds(5))
        toldUntil = max(toldUntil + .microseconds(1), world.now + delay)
        world.at(toldUntil) { [self] in
            guard hasLibvirt else { return }
            listeners.forEach { $0.yield(event) }
        }
    }

    // MARK: Faults

    /// libvirtd restarts: guests run on, events are lost.
    func setLibvirt(_ isThere: Bool) {
        guard hasLibvirt != isThere else { return }
        hasLibvirt = isThere
        world.note("host \(number) libvirt \(isThere ? "is back" : "goes away")")
        listeners.forEach {
            $0.yield(isThere ? .listAgain : .disconnected("the connection broke"))
        }
    }

    func losePower() {
        hasPower = false
        proof = nil
        network = FakeGuestNetwork()
        migrations = [:]
        for vm in domains.keys.sorted() { domains.removeValue(forKey: vm)?.end(isHeard: false) }
    }

    func regainPower() { hasPower = true }
}
