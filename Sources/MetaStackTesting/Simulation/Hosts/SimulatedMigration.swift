import MetaStackDecisions
import MetaStackModel

/// A guest's way to another host.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedMigration: @unchecked Sendable {
    let vm: VMID
    let source: SimulatedHost
    let target: Int?
    var isAborted = false
    /// Whether libvirt lets the guest run on where it comes to nothing.
    var resumesGuest = false
    var begins = Moment.start
    var ends = Moment.start

    init(of vm: VMID, from source: SimulatedHost, to uri: String) {
        self.vm = vm
        self.source = source
        target = uri.hasPrefix(Self.scheme) ? Int(uri.dropFirst(Self.scheme.count)) : nil
    }

    private static let scheme = "simulated://"

    static func uri(of host: Int) -> String { "\(scheme)\(host)" }

    func progress(at moment: Moment) -> Int {
        let all = max(1, (ends - begins).nanoseconds)
        return Int(100 * min(all, (moment - begins).nanoseconds) / all)
    }
}

/// libvirt's side of moves: peer to peer, each daemon with the other. The guest arrives paused or stays; a
/// daemon may lose the word of how it ended.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedMigrations: @unchecked Sendable {
    private let world: World
    private let network: Network
    private let ceph: SimulatedCeph
    /// All hosts by number.
    var host: (Int) -> SimulatedHost?
    private let serial: () -> Int
    private(set) var completed = 0

    init(
        world: World, network: Network, ceph: SimulatedCeph, serial: @escaping () -> Int
    ) {
        self.world = world
        self.network = network
        self.ceph = ceph
        self.serial = serial
        host = { _ in nil }
    }

    /// - Throws: where there is nothing to be moved.
    func begin(
        _ migration: SimulatedMigration,
        _ told: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) throws {
        let (source, vm) = (migration.source, migration.vm)
        guard source.hasPower, source.hasLibvirt else { throw SimulatedFailure.hypervisorIsAway }
        guard source.migrations[vm] == nil else { throw SimulatedFailure.moves(vm) }
        let domain = try source.domain(vm)
        migration.resumesGuest = domain.isRunning
        migration.begins = world.now
        migration.ends = world.now + world.duration(.milliseconds(50), .seconds(3))
        source.migrations[vm] = migration
        world.note("host \(source.number) sends vm \(vm) to host \(migration.target ?? -1)")
        world.after(migration.ends - world.now) { [self] in
            finish(migration, domain, tries: 200, told)
        }
    }

    /// The guest stands still at a moment without a write on its way.
    private func finish(
        _ migration: SimulatedMigration, _ domain: SimulatedDomain, tries: Int,
        _ told: @escaping @Sendable (Result<Void, any Error>) -> Void
    ) {
        let (source, vm) = (migration.source, migration.vm)
        guard source.domains[vm] === domain else {
            source.migrations[vm] = nil
            return told(.failure(SimulatedFailure.noDomain(vm)))
        }
        guard !migration.isAborted, source.hasPower, source.hasLibvirt, tries > 0,
            let number = migration.target, let target = host(number), target.hasPower,
            target.hasLibvirt, target.domains[vm] == nil,
            network.isOpenBothWays(.host(source.number), .host(number)), !domain.isDeaf
        else {
            giveUp(migration, domain)
            return told(.failure(SimulatedFailure.noAnswer))
        }
        if domain.isWritingAnything {
            world.after(.milliseconds(20)) { [self] in
                finish(migration, domain, tries: tries - 1, told)
            }
            return
        }
        do {
            try target.receive(domain, ceph: ceph, serial: serial())
        } catch {
            giveUp(migration, domain)
            return told(.failure(error))
        }
        source.migrations[vm] = nil
        completed += 1
        source.end(vm, .crashed(reason: "its guest has moved"), isHeard: world.chance(0.9))
        let isTold = world.chance(0.9)
        world.after(world.duration(.milliseconds(1), .milliseconds(20))) {
            told(isTold ? .success(()) : .failure(SimulatedFailure.noAnswer))
        }
    }

    /// A guest that ran when it began runs on, also one that was suspended meanwhile.
    private func giveUp(_ migration: SimulatedMigration, _ domain: SimulatedDomain) {
        let source = migration.source
        source.migrations[migration.vm] = nil
        guard migration.resumesGuest, source.hasPower, source.hasLibvirt,
            case .paused = domain.state
        else { return }
        world.note("host \(source.number) lets vm \(migration.vm) run on, its move came to nothing")
        try? source.resume(migration.vm)  // It is there: the caller has looked.
    }
}
