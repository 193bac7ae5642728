public import MetaStackAgent
public import MetaStackDecisions
public import MetaStackModel

/// Storage in memory that keeps Ceph's rules: an image's name is given once, a clone needs a
/// protected snapshot, what is watched cannot be removed, the exclusive lock goes to whoever asks,
/// and an evicted client writes nothing, whatever it believes.
///
/// One for all hosts of a test, as one Ceph cluster serves all nodes.
public actor FakeStorage: BlockStorage {
    public enum Call: Sendable, Hashable {
        case missingPools, clone, store, remove, importImage, removeImage, writers, evict,
            breakLocks
        case liftEvictions, evicted, disk, localEvictions, images, health
    }

    public nonisolated let calls = CallPoints<Call>()
    public private(set) var disks: [FakeDiskPath: FakeDisk] = [:]
    public private(set) var evicted: Set<StorageClient> = []
    /// Everything that happened, first to last.
    public private(set) var journal: [StorageEvent] = []
    private let wantedPools: [PoolName]
    private var pools: Set<PoolName>
    private var clientsMade = 0
    private var strangers = ""
    private var saidHealth = StorageHealth()

    /// - Parameter pools: those that exist, and that nodes are configured for.
    public init(
        pools: [PoolName] = [PoolName(unchecked: "vms"), PoolName(unchecked: "images")]
    ) {
        wantedPools = pools
        self.pools = Set(pools)
    }

    // MARK: What nodes call

    public func missingPools() async throws -> [PoolName] {
        try await calls.reached(.missingPools)
        return wantedPools.filter { !pools.contains($0) }
    }

    public func clone(
        _ source: VMPlan.ImageSource, as image: String, in pool: PoolName, size: Mebibytes?
    ) async throws -> Mebibytes {
        try await calls.reached(.clone)
        let parent = FakeDiskPath(pool: source.pool, image: source.rbdImage)
        guard try disk(at: parent).protectedSnapshot == source.snapshot else {
            throw FakeStorageError.notProtected(parent, snapshot: source.snapshot)
        }
        let size = max(size ?? source.size, source.size)
        try make(FakeDiskPath(pool: pool, image: image), FakeDisk(size: size, parent: parent))
        return size
    }

    public func store(
        _ seed: Seed, as image: String, in pool: PoolName
    ) async throws -> Mebibytes {
        try await calls.reached(.store)
        let size = Mebibytes(bytes: 1 << 20)
        try make(FakeDiskPath(pool: pool, image: image), FakeDisk(size: size, seed: seed))
        return size
    }

    public func remove(_ image: String, in pool: PoolName) async throws {
        try await calls.reached(.remove)
        try removeDisk(FakeDiskPath(pool: pool, image: image))
    }

    public func importImage(
        from file: String, as image: String, in pool: PoolName,
        progress: @escaping @Sendable (Int64, Int64) -> Void
    ) async throws -> ImportedImage {
        try await calls.reached(.importImage)
        let size = Mebibytes(bytes: FakeImageFiles.imageSize)
        let path = FakeDiskPath(pool: pool, image: image)
        try make(path, FakeDisk(size: size, protectedSnapshot: "base"))
        progress(size.bytes, size.bytes)
        return ImportedImage(size: size, snapshot: "base")
    }

    public func removeImage(_ image: String, in pool: PoolName) async throws {
        try await calls.reached(.removeImage)
        try removeDisk(FakeDiskPath(pool: pool, image: image))
    }

    public func writers(of image: String, in pool: PoolName) async throws -> [StorageClient] {
        try await calls.reached(.writers)
        guard let disk = disks[FakeDiskPath(pool: pool, image: image)] else { return [] }
        return disk.watchers.union([disk.lockOwner].compactMap(\.self)).sorted()
    }

    /// One storage for all hosts does not know who asks: all are local but those that a test names.
    public func isLocal(_ client: StorageClient) async throws -> Bool {
        !client.address.hasPrefix("\(strangers):")
    }

    /// An evicted client is no watcher any more; its lock stays until somebody breaks it.
    public func evict(_ clients: [StorageClient]) async throws {
        try await calls.reached(.evict)
        for client in clients {
            evicted.insert(client)
            journal.append(.evicted(client))
            for path in disks.keys { disks[path]?.watchers.remove(client) }
        }
    }

    public func breakLocks(
        of image: String, in pool: PoolName, heldBy clients: [StorageClient]
    ) async throws {
        try await calls.reached(.breakLocks)
        let path = FakeDiskPath(pool: pool, image: image)
        guard let owner = disks[path]?.lockOwner, clients.contains(owner) else { return }
        disks[path]?.lockOwner = nil
        journal.append(.lockBroken(path, of: owner))
    }

    public func evicted(among clients: [StorageClient]) async throws -> [StorageClient] {
        try await calls.reached(.evicted)
        return clients.filter(evicted.contains)
    }

    public nonisolated var latecomersLast: Duration { .seconds(2) }

    public func liftEvictions(of clients: [StorageClient]) async throws {
        try await calls.reached(.liftEvictions)
        for client in clients where evicted.remove(client) != nil {
            journal.append(.lifted(client))
        }
    }

    public func localEvictions() async throws -> [StorageClient] {
        try await calls.reached(.localEvictions)
        return evicted.filter { !$0.address.hasPrefix("\(strangers):") }.sorted()
    }

    public func images(in pool: PoolName) async throws -> [String] {
        try await calls.reached(.images)
        return disks.keys.filter { $0.pool == pool }.map(\.image).sorted()
    }

    public func health() async throws -> StorageHealth {
        try await calls.reached(.health)
        return saidHealth
    }

    public func disk(_ image: String, in pool: PoolName) async throws -> GuestDisk {
        try await calls.reached(.disk)
        return .rbd(GuestDisk.RBD(pool: pool, image: image, monitors: [], user: "metastack"))
    }

    // MARK: What a hypervisor's guests do

    /// Opens a disk as a client that nobody was before.
    ///
    /// - Throws: `FakeStorageError` where there is no such disk.
    @discardableResult
    public func open(_ path: FakeDiskPath, from address: String) throws -> StorageClient {
        _ = try disk(at: path)
        clientsMade += 1
        let client = StorageClient(address: "\(address):0/\(clientsMade)")
        disks[path]?.watchers.insert(client)
        journal.append(.opened(path, by: client))
        return client
    }

    func close(_ path: FakeDiskPath, _ client: StorageClient) {
        guard disks[path] != nil else { return }
        letGo(path, client)
        journal.append(.closed(path, by: client))
    }

    /// Writes once; watches again where it was forgotten, and takes the lock from whoever has it.
    ///
    /// - Throws: `FakeStorageError` for an evicted client and where there is no such disk.
    func write(_ path: FakeDiskPath, as client: StorageClient) throws {
        guard !evicted.contains(client) else {
            journal.append(.refused(path, by: client))
            throw FakeStorageError.evicted(client)
        }
        _ = try disk(at: path)
        disks[path]?.watchers.insert(client)
        disks[path]?.lockOwner = client
        disks[path]?.writes.append(client)
        journal.append(.wrote(path, by: client))
    }

    // MARK: What tests do

    /// Names the address whose clients are on no host of the test's.
    public func setStrangers(_ address: String) { strangers = address }

    /// Has the storage complain.
    public func setHealth(_ health: StorageHealth) { saidHealth = health }

    /// An image that no node has asked for.
    public func leave(_ path: FakeDiskPath) throws { try make(path, FakeDisk(size: .zero)) }

    /// Takes a pool away, or gives it back.
    public func setPool(_ pool: PoolName, exists: Bool) {
        if exists { pools.insert(pool) } else { pools.remove(pool) }
    }

    /// Forgets a client's watches, as Ceph does with a client that it has not heard of for half a
    /// minute. The client comes back with its next write.
    public func dropWatches(of client: StorageClient) {
        for path in disks.keys { letGo(path, client) }
    }

    // MARK: Rules

    private func disk(at path: FakeDiskPath) throws -> FakeDisk {
        guard pools.contains(path.pool) else { throw FakeStorageError.noPool(path.pool) }
        guard let disk = disks[path] else { throw FakeStorageError.noImage(path) }
        return disk
    }

    private func make(_ path: FakeDiskPath, _ disk: FakeDisk) throws {
        guard pools.contains(path.pool) else { throw FakeStorageError.noPool(path.pool) }
        guard disks[path] == nil else { throw FakeStorageError.exists(path) }
        disks[path] = disk
        journal.append(.made(path))
    }

    private func removeDisk(_ path: FakeDiskPath) throws {
        guard let disk = disks[path] else { return }
        guard disk.watchers.isEmpty else {
            throw FakeStorageError.watched(path, by: disk.watchers.sorted())
        }
        guard !disks.values.contains(where: { $0.parent == path }) else {
            throw FakeStorageError.hasClones(path)
        }
        disks[path] = nil
        journal.append(.removed(path))
    }

    private func letGo(_ path: FakeDiskPath, _ client: StorageClient) {
        disks[path]?.watchers.remove(client)
        if disks[path]?.lockOwner == client { disks[path]?.lockOwner = nil }
    }
}
