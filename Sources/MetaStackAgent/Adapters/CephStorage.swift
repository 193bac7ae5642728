import Ceph
import ISO9660
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
    private let monitors: [GuestDisk.Monitor]
    private let connection: Mutex<CephPools>

    /// Connects.
    ///
    /// - Throws: `CephError` that names the file, the user or the cluster that is not there.
    init(_ settings: StorageSettings) async throws {
        self.settings = settings
        let cluster = try await Self.connect(settings)
        connection = Mutex(CephPools(cluster))
        monitors = try await cluster.monitors().map {
            GuestDisk.Monitor(host: $0.host, port: Int($0.port))
        }
    }

    private static func connect(_ settings: StorageSettings) async throws -> CephCluster {
        try await CephCluster.connect(
            CephConfiguration(
                configurationFile: settings.conf, user: settings.user, keyring: settings.keyring))
    }

    /// What libvirt needs to let QEMU in as this node's Ceph user; the same on every start, so that
    /// domains of an earlier one find it.
    func secret() async throws -> LibvirtHypervisor.CephSecret {
        try await connected { ceph in
            LibvirtHypervisor.CephSecret(
                uuid: .init(
                    cephUser: settings.user, cluster: try await ceph.cluster.fileSystemID()),
                user: settings.user, key: try await ceph.cluster.key(of: settings.user))
        }
    }

    func close() async { await connection.withLock { $0 }.cluster.close() }

    /// Does something with the cluster. A node that stalled may find that its own client was evicted
    /// with its guests': then as another client.
    private func connected<Value: Sendable>(
        _ body: (CephPools) async throws -> Value
    ) async throws -> Value {
        let ceph = connection.withLock { $0 }
        do {
            return try await body(ceph)
        } catch let error as CephError where error.isEvicted {
            return try await body(try await reconnected(after: ceph))
        }
    }

    private func reconnected(after evicted: CephPools) async throws -> CephPools {
        let fresh = CephPools(try await Self.connect(settings))
        let (present, superfluous) = connection.withLock { current in
            // Somebody else may have done it meanwhile.
            guard current === evicted else { return (current, fresh) }
            current = fresh
            return (fresh, evicted)
        }
        await superfluous.cluster.close()
        return present
    }

    func missingPools() async throws -> [PoolName] {
        let wanted = [settings.vmPool, settings.imagePool]
        let there = Set(try await connected { try await $0.cluster.pools() })
        for pool in wanted where there.contains(pool.text) {
            try await connected { try await $0.pool(pool).ping() }
        }
        return wanted.filter { !there.contains($0.text) }
    }

    // MARK: Disks

    func clone(
        _ source: VMPlan.ImageSource, as image: String, in name: PoolName, size: Mebibytes?
    ) async throws -> Mebibytes {
        let size = max(size ?? source.size, source.size)
        try await connected { ceph in
            try await ceph.pool(name).clone(
                (pool: ceph.pool(source.pool), image: source.rbdImage, snapshot: source.snapshot),
                as: image, size: size.bytes)
        }
        return size
    }

    func store(_ seed: Seed, as image: String, in name: PoolName) async throws -> Mebibytes {
        let bytes = try ISO9660Image.make(
            label: Seed.label, files: seed.files.mapValues { Array($0.utf8) })
        let size = Mebibytes(bytes: Int64(bytes.count))
        try await connected { ceph in
            let pool = try await ceph.pool(name)
            try await pool.create(image, size: size.bytes)
            try await pool.write(image, offset: 0, bytes: bytes)
        }
        return size
    }

    func remove(_ image: String, in name: PoolName) async throws {
        do {
            try await connected { try await $0.pool(name).remove(image) }
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
        try await connected { ceph in
            let pool = try await ceph.pool(name)
            try await pool.import(file, as: image) { progress($0.done, $0.total) }
            try await pool.createSnapshot(image, name: Self.snapshot)
            try await pool.protect(image, snapshot: Self.snapshot)
            return ImportedImage(
                size: Mebibytes(bytes: try await pool.information(image).size),
                snapshot: Self.snapshot)
        }
    }

    func removeImage(_ image: String, in name: PoolName) async throws {
        do {
            try await connected { try await $0.pool(name).removeWithSnapshots(image) }
        } catch let error as CephError where error.isNotFound {
            return
        }
    }

    func images(in name: PoolName) async throws -> [String] {
        try await connected { try await $0.pool(name).images() }
    }

    func health() async throws -> StorageHealth {
        let health = try await connected { try await $0.cluster.health() }
        return StorageHealth(errors: health.errors, warnings: health.warnings)
    }

    // MARK: Fencing

    func writers(of image: String, in name: PoolName) async throws -> [StorageClient] {
        do {
            return try await connected { ceph in
                try await ceph.pool(name).writers(of: image)
                    .map { StorageClient(address: $0.description) }.sorted()
            }
        } catch let error as CephError where error.isNotFound {
            return []
        }
    }

    /// QEMU reaches Ceph from the same address as this process does.
    func isLocal(_ client: StorageClient) async throws -> Bool {
        let own = try await connected { try await $0.cluster.ownAddress() }
        return try address(client).host == own.host
    }

    func evict(_ clients: [StorageClient]) async throws {
        let addresses = try clients.map(address)
        try await connected { try await $0.cluster.evict(addresses, for: Self.evictionLasts) }
    }

    func breakLocks(
        of image: String, in name: PoolName, heldBy evicted: [StorageClient]
    ) async throws {
        do {
            try await connected { ceph in
                let pool = try await ceph.pool(name)
                for owner in try await pool.lockOwners(of: image) {
                    guard let address = owner.address,
                        evicted.contains(StorageClient(address: address.description))
                    else { continue }
                    try await pool.breakLock(image, owner: owner)
                }
            }
        } catch let error as CephError where error.isNotFound {
            return  // What somebody has removed has no locks.
        }
    }

    func evicted(among clients: [StorageClient]) async throws -> [StorageClient] {
        let evicted = try await connected { try await $0.cluster.evictions() }
        let addresses = Set(evicted.map(\.client.description))
        return clients.filter { addresses.contains($0.address) }
    }

    func localEvictions() async throws -> [StorageClient] {
        try await connected { ceph in
            let own = try await ceph.cluster.ownAddress().host
            return try await ceph.cluster.evictions().map(\.client).filter { $0.host == own }
                .map { StorageClient(address: $0.description) }.sorted()
        }
    }

    /// The kernel goes on sending what a process has left in its sockets, for as long as a quarter of an
    /// hour (`tcp_retries2` in tcp(7), 924.6 s), and OSDs keep the connections of clients that are
    /// evicted: they ask the present map alone whether a request is to be refused.
    var latecomersLast: Duration { .seconds(20 * 60) }

    func liftEvictions(of clients: [StorageClient]) async throws {
        let addresses = try clients.map(address)
        try await connected { try await $0.cluster.liftEviction(of: addresses) }
    }

    private func address(_ client: StorageClient) throws -> ClientAddress {
        try ClientAddress(client.address)
    }
}

extension CephPool {
    fileprivate func removeWithSnapshots(_ image: String) async throws {
        for snapshot in try await snapshots(of: image) {
            if try await isProtected(image, snapshot: snapshot) {
                try await unprotect(image, snapshot: snapshot)
            }
            try await removeSnapshot(image, name: snapshot)
        }
        try await remove(image)
    }
}
