internal import CCeph
import FoundationEssentials

/// A connection to a Ceph cluster: whose client we are, its pools, its monitors.
///
/// One a process is enough, and connecting takes longer than anything that is done over it.
/// Evicting clients is in `Evictions.swift`. All calls may run in parallel.
public final class CephCluster: Sendable {
    let connection: Connection

    private init(_ connection: Connection) { self.connection = connection }

    /// Connects (`rados_create`, `rados_conf_read_file`, `rados_connect`).
    ///
    /// - Throws: `CephError` within the configuration's time-out: `notFound` or `accessDenied`
    ///   for a file, `accessDenied` for a wrong key, `timedOut` where no monitor answers.
    public static func connect(_ configuration: CephConfiguration) async throws -> CephCluster {
        let handle = try await connectedHandle(configuration)
        return CephCluster(Connection(handle, configuration: configuration))
    }

    /// Waits for calls that run, refuses new ones and disconnects (`rados_shutdown`).
    ///
    /// Later calls throw `notConnected`. Does nothing the second time.
    public func close() async { await connection.close() }

    /// The cluster's id (`rados_cluster_fsid`), a lower-case UUID.
    public func fileSystemID() async throws -> String {
        try await connection.run("ask for the fsid of", "the cluster") { cluster in
            try text(capacity: 64) { buffer, capacity in
                try checked(
                    rados_cluster_fsid(cluster.pointer, buffer, capacity.pointee),
                    "ask for the fsid of", "the cluster")
            }
        }
    }

    /// The names of all pools, also of those this user may not use (`rados_pool_list`).
    public func pools() async throws -> [String] {
        try await connection.run("list pools of", "the cluster") { cluster in
            var bytes = [CChar](repeating: 0, count: 4096)
            while true {
                let needed = rados_pool_list(cluster.pointer, &bytes, bytes.count)
                try checked(needed, "list pools of", "the cluster")
                if needed <= bytes.count { return strings(in: bytes) }
                bytes = [CChar](repeating: 0, count: Int(needed))
            }
        }
    }

    /// Waits for the newest OSD map (`rados_wait_for_latest_osdmap`).
    public func waitForLatestMap() async throws {
        try await connection.run("wait for the OSD map of", "the cluster") { cluster in
            try checked(
                rados_wait_for_latest_osdmap(cluster.pointer), "wait for the OSD map of",
                "the cluster")
        }
    }

    /// This connection's own address (`rados_getaddrs`), the one that others would evict.
    public func ownAddress() async throws -> ClientAddress {
        try await connection.run("ask for the address of", "this client") { cluster in
            var address: UnsafeMutablePointer<CChar>?
            try checked(
                rados_getaddrs(cluster.pointer, &address), "ask for the address of", "this client")
            defer { rados_buffer_free(address) }
            return try ClientAddress(address.map { String(cString: $0) } ?? "")
        }
    }

    /// A pool; its handle is shared and stays open (`rados_ioctx_create`).
    ///
    /// - Throws: `CephError`: `notFound` says how to make the pool.
    public func pool(_ name: String) async throws -> CephPool {
        try validate(name, as: .pool)
        do {
            try await connection.run("open pool", name) { [connection] _ in
                _ = try connection.poolHandle(name)
            }
        } catch let error as CephError where error.isNotFound {
            throw CephError(
                .notFound, "open pool", name,
                "it does not exist; make it with 'ceph osd pool create \(name)' and "
                    + "'rbd pool init \(name)'")
        }
        return CephPool(name: name, connection: connection)
    }

    /// The user's secret key in base64, as libvirt's secret wants it (decoded).
    ///
    /// Read from the configured keyring, or from the first file of Ceph's setting `keyring` that
    /// exists.
    public func key(of user: String) async throws -> String {
        let configured = connection.configuration.keyring
        return try await connection.run("read key of", "client.\(user)") { cluster in
            let paths = try configured.map { [$0] } ?? keyringPaths(cluster)
            let path = paths.first { FileManager.default.fileExists(atPath: $0) } ?? paths.first
            return try Keyring(path: path ?? "").key(of: user)
        }
    }
}

/// Where librados looks for keys, `$name` and the like already replaced (`rados_conf_get`).
private func keyringPaths(_ cluster: RadosHandle) throws -> [String] {
    let value = try text(capacity: 4096) { buffer, capacity in
        try checked(
            rados_conf_get(cluster.pointer, "keyring", buffer, capacity.pointee),
            "read setting", "keyring")
    }
    return value.split(separator: ",").map { String($0.drop(while: \.isWhitespace)) }
}
