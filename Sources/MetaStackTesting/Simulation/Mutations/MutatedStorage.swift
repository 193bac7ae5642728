import MetaStackAgent
import MetaStackDecisions
import MetaStackModel

/// Storage with a mistake in its use.
///
/// `@unchecked Sendable`: see ``World``.
final class MutatedStorage: BlockStorage, @unchecked Sendable {
    private let real: any BlockStorage
    private let mutation: Mutation
    private let ceph: SimulatedCeph
    private let world: World

    init(real: any BlockStorage, mutation: Mutation, ceph: SimulatedCeph, world: World) {
        self.real = real
        self.mutation = mutation
        self.ceph = ceph
        self.world = world
    }

    var latecomersLast: Duration { mutation == .liftAtOnce ? .zero : real.latecomersLast }

    func evict(_ clients: [StorageClient]) async throws {
        switch mutation {
        case .noEviction: return
        case .evictAfterStart:
            world.after(.seconds(2)) { [ceph] in ceph.evict(clients) }
        case .evictWatchersOnly:
            try await real.evict(
                clients.filter { client in
                    ceph.images.values.contains { $0.watchers.contains(client) }
                })
        case .liftTooEarly:
            try await real.evict(clients)
            world.after(.seconds(1)) { [ceph] in ceph.lift(clients) }
        default: try await real.evict(clients)
        }
    }

    func remove(_ image: String, in pool: PoolName) async throws {
        guard mutation == .recordsBeforeImage else {
            return try await real.remove(image, in: pool)
        }
        world.after(.seconds(20)) { [ceph] in
            let path = FakeDiskPath(pool: pool, image: image)
            if ceph.images[path]?.watchers.isEmpty == true { ceph.images[path] = nil }
        }
    }

    func evicted(among clients: [StorageClient]) async throws -> [StorageClient] {
        mutation == .claimInPlaceBlindly ? [] : try await real.evicted(among: clients)
    }

    // MARK: As it is

    func missingPools() async throws -> [PoolName] { try await real.missingPools() }

    func clone(
        _ source: VMPlan.ImageSource, as image: String, in pool: PoolName, size: Mebibytes?
    ) async throws -> Mebibytes {
        try await real.clone(source, as: image, in: pool, size: size)
    }

    func store(_ seed: Seed, as image: String, in pool: PoolName) async throws -> Mebibytes {
        try await real.store(seed, as: image, in: pool)
    }

    func importImage(
        from file: String, as image: String, in pool: PoolName,
        progress: @escaping @Sendable (Int64, Int64) -> Void
    ) async throws -> ImportedImage {
        try await real.importImage(from: file, as: image, in: pool, progress: progress)
    }

    func removeImage(_ image: String, in pool: PoolName) async throws {
        try await real.removeImage(image, in: pool)
    }

    func writers(of image: String, in pool: PoolName) async throws -> [StorageClient] {
        try await real.writers(of: image, in: pool)
    }

    func isLocal(_ client: StorageClient) async throws -> Bool {
        try await real.isLocal(client)
    }

    func breakLocks(
        of image: String, in pool: PoolName, heldBy clients: [StorageClient]
    ) async throws {
        try await real.breakLocks(of: image, in: pool, heldBy: clients)
    }

    func liftEvictions(of clients: [StorageClient]) async throws {
        try await real.liftEvictions(of: clients)
    }

    func localEvictions() async throws -> [StorageClient] {
        try await real.localEvictions()
    }

    func images(in pool: PoolName) async throws -> [String] { try await real.images(in: pool) }

    func health() async throws -> StorageHealth { try await real.health() }

    func disk(_ image: String, in pool: PoolName) async throws -> GuestDisk {
        try await real.disk(image, in: pool)
    }
}
