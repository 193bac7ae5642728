import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// One process's connection to the simulated Ceph.
///
/// `@unchecked Sendable`: see ``World``.
final class SimulatedStorage: BlockStorage, @unchecked Sendable {
    /// librados gives up after so long (`rados_osd_op_timeout`).
    private static let timeout = Duration.seconds(5)

    let ceph: SimulatedCeph
    let process: Process
    let host: Int
    private var world: World { ceph.world }
    /// What was sent and has not arrived, in order: one connection, which no message overtakes another
    /// on.
    private var underway: [Request] = []

    private final class Request {
        var perform: (() -> Void)?
        var hasArrived = false
        var isLost = false
    }

    init(ceph: SimulatedCeph, process: Process, host: Int) {
        self.ceph = ceph
        self.process = process
        self.host = host
    }

    /// Sends a request and waits for the answer; `perform` runs when it has arrived.
    private func ask<Value: Sendable>(
        _ perform: @escaping @Sendable (@escaping (Result<Value, any Error>) -> Void) -> Void
    ) async throws -> Value {
        try await process.call { [self] (pending: PendingCall<Value>) in
            world.after(Self.timeout) {
                pending.finish(.failure(SimulatedFailure.storageIsSilent))
            }
            send { [self] in
                perform { [self] result in
                    ceph.network.send(.ceph, .host(host)) { pending.finish(result) }
                }
            }
        }
    }

    private func send(_ perform: @escaping () -> Void) {
        let request = Request()
        request.perform = perform
        underway.append(request)
        ceph.network.send(.host(host), .ceph) { [self] in
            request.hasArrived = true
            deliver()
        }
        world.after(Network.persistence + .seconds(2)) { [self] in
            request.isLost = !request.hasArrived
            if request.isLost { deliver() }
        }
    }

    private func deliver() {
        while let first = underway.first, first.hasArrived || first.isLost {
            underway.removeFirst()
            if first.hasArrived { first.perform?() }
        }
    }

    private func ask<Value: Sendable>(
        _ perform: @escaping @Sendable () throws -> Value
    ) async throws -> Value {
        try await ask { reply in reply(Result { try perform() }) }
    }

    func missingPools() async throws -> [PoolName] { try await ask { [] } }

    /// The client makes the image in several steps, and where it dies in the midst it stays so.
    func clone(
        _ source: VMPlan.ImageSource, as image: String, in pool: PoolName, size: Mebibytes?
    ) async throws -> Mebibytes {
        let path = FakeDiskPath(pool: pool, image: image)
        let parent = FakeDiskPath(pool: source.pool, image: source.rbdImage)
        let whole = max(size ?? source.size, source.size)
        return try await ask { [self] reply in
            guard ceph.images[parent]?.snapshot == source.snapshot else {
                return reply(
                    .failure(FakeStorageError.notProtected(parent, snapshot: source.snapshot)))
            }
            guard ceph.images[path] == nil else {
                return reply(.failure(FakeStorageError.exists(path)))
            }
            ceph.images[path] = .init(size: whole, parent: parent)
            ceph.oracle?.made(path)
            finish(path) { reply(.success(whole)) }
        }
    }

    func store(_ seed: Seed, as image: String, in pool: PoolName) async throws -> Mebibytes {
        let path = FakeDiskPath(pool: pool, image: image)
        let size = Mebibytes(bytes: 1 << 20)
        return try await ask { [self] reply in
            guard ceph.images[path] == nil else {
                return reply(.failure(FakeStorageError.exists(path)))
            }
            ceph.images[path] = .init(size: size)
            ceph.oracle?.made(path)
            finish(path) { reply(.success(size)) }
        }
    }

    private func finish(_ path: FakeDiskPath, _ done: @escaping () -> Void) {
        world.after(world.duration(.milliseconds(10), .milliseconds(80))) { [self] in
            guard process.isAlive else { return }
            ceph.images[path]?.isWhole = true
            done()
        }
    }

    func remove(_ image: String, in pool: PoolName) async throws {
        try await ask { [self] in try drop(FakeDiskPath(pool: pool, image: image)) }
    }

    private func drop(_ path: FakeDiskPath) throws {
        guard let image = ceph.images[path] else { return }
        guard image.watchers.isEmpty else {
            throw FakeStorageError.watched(path, by: image.watchers.sorted())
        }
        guard !ceph.images.values.contains(where: { $0.parent == path }) else {
            throw FakeStorageError.hasClones(path)
        }
        ceph.oracle?.removes(path, image)
        ceph.images[path] = nil
        world.note("ceph removes \(path)")
    }

    func importImage(
        from file: String, as image: String, in pool: PoolName,
        progress: @escaping @Sendable (Int64, Int64) -> Void
    ) async throws -> ImportedImage {
        let path = FakeDiskPath(pool: pool, image: image)
        return try await ask { [self] reply in
            guard ceph.images[path] == nil else {
                return reply(.failure(FakeStorageError.exists(path)))
            }
            let size = Mebibytes(bytes: FakeImageFiles.imageSize)
            ceph.images[path] = .init(size: size)
            finish(path) { [self] in
                ceph.images[path]?.snapshot = "base"
                reply(.success(ImportedImage(size: size, snapshot: "base")))
            }
        }
    }

    func removeImage(_ image: String, in pool: PoolName) async throws {
        try await remove(image, in: pool)
    }

    func writers(of image: String, in pool: PoolName) async throws -> [StorageClient] {
        try await ask { [self] in
            guard let image = ceph.images[FakeDiskPath(pool: pool, image: image)] else {
                return []
            }
            return image.watchers.union([image.lockOwner].compactMap(\.self)).sorted()
        }
    }

    /// A question of addresses, which nobody else is asked.
    func isLocal(_ client: StorageClient) async throws -> Bool {
        client.address.hasPrefix(SimulatedCeph.address(of: host))
    }

    func localEvictions() async throws -> [StorageClient] {
        try await ask { [self] in
            let address = SimulatedCeph.address(of: host)
            return ceph.blocklist.filter { $0.address.hasPrefix(address) }.sorted()
        }
    }

    func images(in pool: PoolName) async throws -> [String] {
        try await ask { [self] in
            ceph.images.keys.filter { $0.pool == pool }.map(\.image).sorted()
        }
    }

    func health() async throws -> StorageHealth { try await ask { StorageHealth() } }

    /// The answer comes when every server has the new map.
    func evict(_ clients: [StorageClient]) async throws {
        try await ask { [self] (reply: @escaping (Result<Void, any Error>) -> Void) in
            world.after(world.duration(.milliseconds(1), .milliseconds(30))) { [self] in
                ceph.evict(clients)
                reply(.success(()))
            }
        }
    }

    func evicted(among clients: [StorageClient]) async throws -> [StorageClient] {
        try await ask { [self] in clients.filter(ceph.blocklist.contains) }
    }

    func breakLocks(
        of image: String, in pool: PoolName, heldBy clients: [StorageClient]
    ) async throws {
        try await ask { [self] in
            let path = FakeDiskPath(pool: pool, image: image)
            guard let owner = ceph.images[path]?.lockOwner, clients.contains(owner) else { return }
            ceph.images[path]?.lockOwner = nil
        }
    }

    var latecomersLast: Duration { Network.persistence + .seconds(2) }

    func liftEvictions(of clients: [StorageClient]) async throws {
        try await ask { [self] in ceph.lift(clients) }
    }

    func disk(_ image: String, in pool: PoolName) async throws -> GuestDisk {
        .rbd(GuestDisk.RBD(pool: pool, image: image, monitors: [], user: "metastack"))
    }
}

/// What goes wrong in a simulation outside of etcd.
enum SimulatedFailure: Error, CustomStringConvertible {
    case storageIsSilent
    case hypervisorIsAway
    case noAnswer
    case domainExists(VMID)
    case noDomain(VMID)
    case moves(VMID)

    var description: String {
        switch self {
        case .storageIsSilent: "the storage did not answer in time"
        case .noAnswer: "libvirt did not answer in time"
        case .hypervisorIsAway: "libvirt is not there"
        case .domainExists(let vm): "VM \(vm) has a domain here already"
        case .moves(let vm): "VM \(vm) is being moved already"
        case .noDomain(let vm): "VM \(vm) has no domain here"
        }
    }
}
