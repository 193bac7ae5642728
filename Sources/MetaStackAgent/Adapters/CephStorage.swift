import Ceph
import Logging
import MetaStackDecisions
import MetaStackModel
import Synchronization

/// Disks in Ceph RBD. Its fence is the OSD blocklist: an evicted client's writes are refused by
/// every OSD that knows the map, whatever the client believes.
final class CephStorage: BlockStorage {
    /// The snapshot of an image that disks are cloned from.
    private static let snapshot = "base"
    /// Longer than any stalled host stays unnoticed, short enough that the list stays small.
    private static let evictionLasts = Duration.seconds(7 * 24 * 3600)

    private let settings: StorageSettings
    private let cluster: CephCluster
    private let monitors: [GuestDisk.Monitor]
    private let openPools = Mutex<[PoolName: CephPool]>([:])

    /// Connects.
    ///
    /// - Throws: `CephError` that names the file, the user or the cluster that is not there.
    init(_ settings: StorageSettings) async throws {
        self.settings = settings
        cluster = try await CephCluster.connect(
            CephConfiguration(
                configurationFile: settings.conf, user: settings.user, keyring: settings.keyring))
        monitors = try await cluster.monitors().map {
            GuestDisk.Monitor(host: $0.host, port: Int($0.port))
        }
    }

    /// What libvirt needs to let QEMU in as this node's Ceph user; the same on every start, so that
    /// domains of an earlier one find it.
    func secret() async throws -> LibvirtHypervisor.CephSecret {
        LibvirtHypervisor.CephSecret(
            uuid: .init(cephUser: settings.user, cluster: try await cluster.fileSystemID()),
            user: settings.user, key: try await cluster.key(of: settings.user))
    }

    func close() async { await cluster.close() }

    private func pool(_ name: PoolName) async throws -> CephPool {
        if let open = openPools.withLock({ $0[name] }) { return open }
        let pool = try await cluster.pool(name.text)
        openPools.withLock { $0[name] = pool }
        return pool
    }

    func missingPools() async throws -> [PoolName] {
        let there = Set(try await cluster.pools())
        return [settings.vmPool, settings.imagePool].filter { !there.contains($0.text) }
    }

    // MARK: Disks

    func clone(
        _ source: VMPlan.ImageSource, as image: String, in name: PoolName, size: Mebibytes?
    ) async throws -> Mebibytes {
        let size = max(size ?? source.size, source.size)
        try await pool(name).clone(
            (pool: pool(source.pool), image: source.rbdImage, snapshot: source.snapshot),
            as: image, size: size.bytes)
        return size
    }

    func remove(_ image: String, in name: PoolName) async throws {
        do {
            try await pool(name).remove(image)
        } catch let error as CephError where error.isNotFound {
            return
        }
    }

    func disk(_ image: String, in pool: PoolName) async throws -> GuestDisk {
        .rbd(
            GuestDisk.RBD(pool: pool, image: image, monitors: monitors, user: settings.user))
    }

    // MARK: Images

    func importImage(
        from file: String, as image: String, in name: PoolName,
        progress: @escaping @Sendable (Int64, Int64) -> Void
    ) async throws -> ImportedImage {
        let pool = try await pool(name)
        try await pool.import(file, as: image) { progress($0.done, $0.total) }
        try await pool.createSnapshot(image, name: Self.snapshot)
        try await pool.protect(image, snapshot: Self.snapshot)
        return ImportedImage(
            size: Mebibytes(bytes: try await pool.information(image).size),
            snapshot: Self.snapshot)
    }

    func removeImage(_ image: String, in name: PoolName) async throws {
        let pool = try await pool(name)
        do {
            for snapshot in try await pool.snapshots(of: image) {
                if try await pool.isProtected(image, snapshot: snapshot) {
                    try await pool.unprotect(image, snapshot: snapshot)
                }
                try await pool.removeSnapshot(image, name: snapshot)
            }
            try await pool.remove(image)
        } catch let error as CephError where error.isNotFound {
            return
        }
    }

    // MARK: Fencing

    func writers(of image: String, in name: PoolName) async throws -> [StorageClient] {
        let pool = try await pool(name)
        do {
            let watchers = try await pool.watchers(of: image)
            let owners = try await pool.lockOwners(of: image).compactMap(\.address)
            return Set(watchers + owners).map { StorageClient(address: $0.description) }.sorted()
        } catch let error as CephError where error.isNotFound {
            return []
        }
    }

    func evict(_ clients: [StorageClient]) async throws {
        try await cluster.evict(clients.map(address), for: Self.evictionLasts)
    }

    func breakLocks(
        of image: String, in name: PoolName, heldBy evicted: [StorageClient]
    ) async throws {
        let pool = try await pool(name)
        for owner in try await pool.lockOwners(of: image) {
            guard let address = owner.address,
                evicted.contains(StorageClient(address: address.description))
            else { continue }
            try await pool.breakLock(image, owner: owner)
        }
    }

    func liftEvictions(of clients: [StorageClient]) async throws {
        try await cluster.liftEviction(of: clients.map(address))
    }

    private func address(_ client: StorageClient) throws -> ClientAddress {
        try ClientAddress(client.address)
    }
}
