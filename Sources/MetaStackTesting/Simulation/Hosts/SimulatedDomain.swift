import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// A domain with the guest in it, which counts on its disks for as long as it runs: it reads the
/// counter when it boots, then writes the next number, waits for the answer, and so on.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedDomain: @unchecked Sendable {
    let specification: GuestSpecification
    /// Those that the guest has now.
    private(set) var nics: [GuestNIC]
    let host: Int
    /// In the order of creation over all hosts.
    let serial: Int
    private(set) var state = LocalDomain.State.paused
    private(set) var isGone = false
    /// Whether it was ever resumed, and so may have written.
    private(set) var hasRun = false
    private(set) var paths: [FakeDiskPath] = []
    private var clients: [FakeDiskPath: StorageClient] = [:]
    /// QEMU's clients at disks that the guest may only read: they watch, and write nothing.
    private var readers: [FakeDiskPath: StorageClient] = [:]
    private let ceph: SimulatedCeph
    private let pace: Duration
    /// The last number that the guest knows to be on its disk; nil before it has read it.
    private var counter: Int64?
    /// The number that is on its way.
    private var writing: Int64?
    private var isLooping = false
    /// Whether the guest's client has RBD's lock as far as it knows: then it writes without asking.
    private var holdsLock = false
    /// Told when the state changes by itself.
    var onChange: () -> Void = {}
    /// Told when the guest has shut down.
    var onShutdown: () -> Void = {}
    /// Where the guest has gone on, with its memory.
    private weak var successor: SimulatedDomain?
    private var world: World { ceph.world }
    var vm: VMID { specification.vm }
    var isRunning: Bool { state == .running && !isGone }

    /// Whether it takes no order from libvirt, and runs on: some do whose disk does not answer.
    var isDeaf: Bool {
        isRunning && serial.isMultiple(of: 2)
            && !ceph.network.isOpenBothWays(.host(host), .ceph)
    }

    init(_ specification: GuestSpecification, host: Int, serial: Int, ceph: SimulatedCeph) throws {
        self.specification = specification
        nics = specification.nics
        self.host = host
        self.serial = serial
        self.ceph = ceph
        pace = ceph.world.duration(.milliseconds(300), .milliseconds(1500))
        for case .rbd(let disk) in specification.disks {
            let path = FakeDiskPath(pool: disk.pool, image: disk.image)
            let client = try ceph.open(path, for: self)
            guard !disk.isReadOnly else {
                readers[path] = client
                continue
            }
            clients[path] = client
            paths.append(path)
        }
    }

    var local: LocalDomain {
        LocalDomain(
            vm: vm, incarnation: specification.incarnation,
            vmCreateRevision: specification.vmCreateRevision, state: state,
            nics: nics.map { LocalDomain.NIC(interface: $0.interface, mac: $0.mac) })
    }

    // MARK: NICs

    /// - Throws: where the host has such a link already.
    func attach(_ nic: GuestNIC) throws {
        guard !nics.contains(where: { $0.interface == nic.interface }) else {
            throw SimulatedFailure.domainExists(vm)
        }
        nics.append(nic)
    }

    func plugged() { ceph.oracle?.checkNICs(of: self) }

    func detach(_ nic: InterfaceName) {
        guard !isGone else { return }
        nics.removeAll { $0.interface == nic }
    }

    func client(of path: FakeDiskPath) -> StorageClient? { clients[path] }

    var isWritingAnything: Bool { writing != nil }

    /// Goes on with another host's guest's memory.
    func remember(_ other: SimulatedDomain) {
        counter = other.counter
        other.successor = self
    }

    /// The guest has heard that it shall end, and takes its time, wherever it is by then.
    func shutDown(after time: Duration) {
        world.after(time) { [self] in goDown() }
    }

    private func goDown() {
        if let successor { return successor.goDown() }
        if isRunning { onShutdown() }
    }

    func isWriting(_ path: FakeDiskPath) -> Bool { writing != nil }

    // MARK: States

    func resume() {
        guard !isGone else { return }
        state = .running
        hasRun = true
        ceph.oracle?.runs(self)
        if !isLooping {
            isLooping = true
            world.after(.milliseconds(5)) { [self] in count() }
        }
    }

    func suspend() {
        if case .running = state { state = .paused }
    }

    /// Ends the domain; `isHeard` says whether its storage clients close in good order.
    func end(isHeard: Bool) {
        guard !isGone else { return }
        isGone = true
        for (path, client) in clients.sorted(by: { $0.value < $1.value }) {
            ceph.close(client, of: path, isHeard: isHeard && writing == nil)
        }
        for (path, client) in readers.sorted(by: { $0.value < $1.value }) {
            ceph.close(client, of: path, isHeard: isHeard)
        }
    }

    // MARK: The guest

    private func count() {
        guard isRunning, writing == nil else {
            isLooping = false
            return
        }
        guard let path = paths.first, let client = clients[path] else { return }
        guard !holdsLock else { return write(path, client) }
        ceph.network.send(.host(host), .ceph, isWanted: { [self] in isRunning }) { [self] in
            guard isRunning else { return isLooping = false }
            switch ceph.lock(path, for: client) {
            case .later(let delay): world.after(delay) { [self] in count() }
            case .refused: refused()
            case .yours:
                holdsLock = true
                write(path, client)
            }
        }
    }

    /// Another client has asked for the lock and got it.
    func letGo() { holdsLock = false }

    private func write(_ path: FakeDiskPath, _ client: StorageClient) {
        if counter == nil {
            counter = ceph.images[path]?.counter ?? 0
            ceph.oracle?.reads(counter ?? 0, path, self)
        }
        let next = (counter ?? 0) + 1
        writing = next
        ceph.network.send(.host(host), .ceph) { [self] in
            let isAccepted = ceph.write(next, to: path, from: client, of: self)
            ceph.network.send(.ceph, .host(host)) { [self] in
                guard !isGone else { return }
                isAccepted ? written(next) : refused()
            }
        }
        giveUp(next)
    }

    /// A path that stays broken for minutes ends the message, not the guest: QEMU sends it again.
    private func giveUp(_ number: Int64) {
        world.after(.seconds(16)) { [self] in
            guard writing == number, !isGone, let path = paths.first, let client = clients[path]
            else { return }
            writing = nil
            counter = ceph.images[path]?.writer === self ? ceph.images[path]?.counter : counter
            if ceph.blocklist.contains(client) { refused() } else { count() }
        }
    }

    private func written(_ number: Int64) {
        guard writing == number else { return }
        writing = nil
        counter = number
        ceph.oracle?.acknowledged(number, self)
        world.after(pace) { [self] in count() }
    }

    /// `error_policy='stop'`: the guest stands still and sees no error.
    private func refused() {
        writing = nil
        holdsLock = false
        isLooping = false
        guard isRunning else { return }
        state = .ioError
        world.note("host \(host) vm \(vm) stands still at a refused write")
        onChange()
    }
}
