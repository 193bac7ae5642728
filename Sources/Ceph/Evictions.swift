internal import CCeph
import FoundationEssentials

/// A client that the OSDs refuse.
public struct Eviction: Hashable, Sendable {
    /// Who is refused.
    public let client: ClientAddress
    /// When Ceph forgets it, in Ceph's own notation: `2026-11-21T10:15:33.427368+0000`.
    public let until: String

    /// Its parts.
    public init(client: ClientAddress, until: String) {
        self.client = client
        self.until = until
    }
}

/// Eviction is what makes a takeover safe: RBD's exclusive lock is handed over on request and
/// fences nobody, a client on the OSDs' blocklist cannot write whatever it believes.
extension CephCluster {
    /// Makes the OSDs refuse these clients (`rados_blocklist_add`), and waits for the OSD map
    /// that says so (`rados_wait_for_latest_osdmap`).
    ///
    /// Once this returns, whoever has this map's epoch or a newer one shows it to every OSD it
    /// talks to, and that OSD refuses the evicted clients before it serves the request. So a
    /// client that connects after the return never sees its own write followed by one of theirs.
    ///
    /// - Parameter time: how long; seconds, one at least. Choose days: it must outlast a host
    ///   that was asleep.
    public func evict(_ clients: [ClientAddress], for time: Duration) async throws {
        let seconds = UInt32(clamping: max(1, time.components.seconds))
        // All at once, for the monitors put what arrives together into one map.
        try await withThrowingTaskGroup(of: Void.self) { group in
            for client in Set(clients) {
                group.addTask { try await self.add(client, seconds: seconds) }
            }
            try await group.waitForAll()
        }
        try await waitForLatestMap()
    }

    /// Lets these clients write again (monitor command `osd blocklist rm`); one that is not
    /// evicted is no error.
    ///
    /// RBD's own profile may evict but not lift. Seldom needed: a process that connects again is
    /// another client, and evictions expire.
    ///
    /// - Throws: `CephError`: `accessDenied` where the user lacks the capability; the message
    ///   says which.
    public func liftEviction(of clients: [ClientAddress]) async throws {
        for client in Set(clients) {
            do {
                try await send(
                    [
                        "prefix": "osd blocklist", "blocklistop": "rm",
                        "addr": client.description,
                    ], "lift eviction of client", client.description)
            } catch let error as CephError where error.isNotFound {
                continue
            } catch let error as CephError where error.code == .accessDenied {
                throw CephError(
                    .accessDenied, error.attempt, error.subject,
                    "the user lacks the monitor capability "
                        + "'allow command \"osd blocklist\" with blocklistop=rm'")
            }
        }
        try await waitForLatestMap()
    }

    /// Who is evicted now (monitor command `osd blocklist ls`).
    ///
    /// What names no single client, such as a whole range that an operator has listed, is left
    /// out.
    public func evictions() async throws -> [Eviction] {
        let listed: [Listed] = try await command(
            ["prefix": "osd blocklist ls"], "list evictions of")
        return listed.compactMap { entry in
            // A range is no client address, and nobody could lift it by this API.
            guard let client = try? ClientAddress(entry.addr) else { return nil }
            return Eviction(client: client, until: entry.until)
        }
    }

    private func add(_ client: ClientAddress, seconds: UInt32) async throws {
        let address = client.description
        try await connection.run("evict client", address) { cluster in
            var bytes = Array(address.utf8CString)
            try checked(
                rados_blocklist_add(cluster.pointer, &bytes, seconds), "evict client", address)
        }
    }
}

private struct Listed: Decodable {
    let addr: String
    let until: String
}
