public import MetaStackDecisions
public import MetaStackModel

/// One RBD image of the fake storage, and what has become of it.
public struct FakeDisk: Sendable, Equatable {
    public internal(set) var size: Mebibytes
    /// Who wrote it, in order, one entry a write.
    public internal(set) var writes: [StorageClient] = []
    /// Who has it open.
    public internal(set) var watchers: Set<StorageClient> = []
    /// Who wrote last and still may: RBD's exclusive lock, which a live holder hands over on demand
    /// and which is no fence therefore.
    public internal(set) var lockOwner: StorageClient?
    /// The snapshot that disks can be cloned from.
    public internal(set) var protectedSnapshot: String?
    /// What it was cloned from.
    public internal(set) var parent: FakeDiskPath?
    /// What it holds, where it is a guest's seed.
    public internal(set) var seed: Seed?
}

/// A pool and an image in it.
public struct FakeDiskPath: Hashable, Sendable, CustomStringConvertible {
    public let pool: PoolName
    public let image: String

    public init(pool: PoolName, image: String) {
        self.pool = pool
        self.image = image
    }

    public var description: String { "\(pool)/\(image)" }
}

/// What happened in the fake storage, in order: what tests of the protocol look at.
public enum StorageEvent: Sendable, Equatable {
    case made(FakeDiskPath)
    case removed(FakeDiskPath)
    case opened(FakeDiskPath, by: StorageClient)
    case closed(FakeDiskPath, by: StorageClient)
    case wrote(FakeDiskPath, by: StorageClient)
    /// An evicted client tried to write.
    case refused(FakeDiskPath, by: StorageClient)
    case evicted(StorageClient)
    case lifted(StorageClient)
    case lockBroken(FakeDiskPath, of: StorageClient)
}

/// Why the fake storage refuses, for the reasons for which Ceph would.
public enum FakeStorageError: Error, Sendable, Equatable, CustomStringConvertible {
    case noPool(PoolName)
    case noImage(FakeDiskPath)
    case exists(FakeDiskPath)
    case notProtected(FakeDiskPath, snapshot: String)
    case watched(FakeDiskPath, by: [StorageClient])
    case hasClones(FakeDiskPath)
    case evicted(StorageClient)

    public var description: String {
        switch self {
        case .noPool(let pool): "there is no pool \(pool)"
        case .noImage(let path): "there is no image \(path)"
        case .exists(let path): "image \(path) exists already"
        case .notProtected(let path, let snapshot):
            "image \(path) has no protected snapshot \(snapshot)"
        case .watched(let path, let clients):
            "image \(path) is watched by "
                + clients.map(\.address).joined(separator: ", ")
        case .hasClones(let path): "image \(path) has clones"
        case .evicted(let client): "client \(client) is evicted"
        }
    }
}
