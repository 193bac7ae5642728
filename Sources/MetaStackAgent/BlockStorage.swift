public import MetaStackDecisions
public import MetaStackModel

/// What holds disks and can keep a client from writing them. Ceph RBD in earnest.
public protocol BlockStorage: Sendable {
    /// How long after a client's end what it has sent may still arrive, and be done unless the client
    /// is evicted.
    var latecomersLast: Duration { get }
    /// The configured pools that do not exist.
    ///
    /// - Throws: where the storage gives no answer, also where that takes a network to find out.
    func missingPools() async throws -> [PoolName]
    /// Makes a disk from an image's protected snapshot, grown to `size` where that is larger.
    ///
    /// - Returns: the disk's size.
    func clone(
        _ source: VMPlan.ImageSource, as image: String, in pool: PoolName, size: Mebibytes?
    ) async throws -> Mebibytes
    /// Makes a small disk that holds a guest's seed.
    ///
    /// - Returns: the disk's size.
    func store(_ seed: Seed, as image: String, in pool: PoolName) async throws -> Mebibytes
    /// Removes a disk; one that is gone already is fine.
    func remove(_ image: String, in pool: PoolName) async throws
    /// Makes an image from a raw file and protects a snapshot of it.
    ///
    /// - Parameter progress: bytes done and bytes in all.
    func importImage(
        from file: String, as image: String, in pool: PoolName,
        progress: @escaping @Sendable (Int64, Int64) -> Void
    ) async throws -> ImportedImage
    /// Removes an image with its snapshot; one that is gone already is fine.
    func removeImage(_ image: String, in pool: PoolName) async throws
    /// Who may write the disk now or soon: its watchers and the owners of its lock.
    func writers(of image: String, in pool: PoolName) async throws -> [StorageClient]
    /// Whether a client is on this host, as far as its address tells.
    func isLocal(_ client: StorageClient) async throws -> Bool
    /// Returns once no write of these clients can reach any disk any more.
    func evict(_ clients: [StorageClient]) async throws
    /// Takes the disk's lock from the clients that were evicted. The next guest's own client would
    /// do it as well, and shorten their evictions to its own default.
    func breakLocks(of image: String, in pool: PoolName, heldBy: [StorageClient]) async throws
    /// Which of these clients may not write at present.
    func evicted(among clients: [StorageClient]) async throws -> [StorageClient]
    func liftEvictions(of clients: [StorageClient]) async throws
    /// Clients of this host that are evicted, whoever did it.
    func localEvictions() async throws -> [StorageClient]
    /// The names of all images in a pool.
    func images(in pool: PoolName) async throws -> [String]
    /// What the storage says of itself.
    func health() async throws -> StorageHealth
    /// How the hypervisor reaches the disk.
    func disk(_ image: String, in pool: PoolName) async throws -> GuestDisk
}

/// The storage's own checks that are raised, by name, in order.
public struct StorageHealth: Sendable, Equatable {
    public var errors: [String]
    public var warnings: [String]

    public init(errors: [String] = [], warnings: [String] = []) {
        self.errors = errors
        self.warnings = warnings
    }
}

/// An image as it lies in the storage.
public struct ImportedImage: Sendable, Equatable {
    public var size: Mebibytes
    /// The protected snapshot's name.
    public var snapshot: String

    public init(size: Mebibytes, snapshot: String) {
        self.size = size
        self.snapshot = snapshot
    }
}
