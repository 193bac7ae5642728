internal import CCeph

/// Who holds an image's lock.
public struct LockOwner: Hashable, Sendable {
    /// Whether others may hold it, too.
    public enum Mode: Hashable, Sendable {
        /// One owner.
        case exclusive
        /// Any number of owners.
        case shared
    }
    /// Exclusive, for the lock that librbd takes by itself before the first write.
    public let mode: Mode
    /// The owner as librbd names it; `breakLock` wants it unchanged.
    public let owner: String
    /// The owner's address, to evict it; nil where the name is none.
    public let address: ClientAddress?
}

extension CephPool {
    /// Who has the image open for writing now (`rbd_watchers_list`).
    ///
    /// The image is opened read-only for this, so this call adds no watcher. Not a list of all
    /// who might still write: a client that is cut off drops out of it after 30 s and comes back
    /// when the network does.
    public func watchers(of image: String) async throws -> [ClientAddress] {
        let path = imagePath(name, image)
        return try await run("list watchers of image", open: image, mode: .readOnly) { handle in
            let blank = rbd_image_watcher_t(addr: nil, id: 0, cookie: 0)
            var found = try elements(capacity: 16, of: blank) { buffer, count in
                try checked(
                    rbd_watchers_list(handle.pointer, buffer, count), "list watchers of image",
                    path)
            }
            defer { rbd_watchers_list_cleanup(&found, found.count) }
            return try found.map { try ClientAddress($0.addr.map { String(cString: $0) } ?? "") }
        }
    }

    /// Who holds the image's lock (`rbd_lock_get_owners`); nobody before the first write.
    public func lockOwners(of image: String) async throws -> [LockOwner] {
        let path = imagePath(name, image)
        return try await run("list lock owners of image", open: image, mode: .readOnly) { handle in
            var mode = RBD_LOCK_MODE_EXCLUSIVE
            var count = 8
            var owners = [UnsafeMutablePointer<CChar>?](repeating: nil, count: count)
            let result = rbd_lock_get_owners(handle.pointer, &mode, &owners, &count)
            if result == -CephError.Code.notFound.rawValue || result == -22 { return [] }
            try checked(result, "list lock owners of image", path)
            defer { rbd_lock_get_owners_cleanup(&owners, count) }
            return owners.prefix(count).compactMap { owner in
                guard let name = owner.map({ String(cString: $0) }) else { return nil }
                // librbd may name an owner in another way one day; it stays breakable by name.
                let address = try? ClientAddress(name)
                let shared = mode == RBD_LOCK_MODE_SHARED
                return LockOwner(
                    mode: shared ? .shared : .exclusive, owner: name, address: address)
            }
        }
    }

    /// Takes the lock away from this owner (`rbd_lock_break`), which librbd evicts by its own
    /// default, for Ceph's `rbd_blocklist_expire_seconds`.
    ///
    /// - Throws: `CephError`: `busy` where another one holds the lock by now.
    public func breakLock(_ image: String, owner: LockOwner) async throws {
        let path = imagePath(name, image)
        try await run("break lock of image", open: image, mode: .writable) { handle in
            let mode = owner.mode == .shared ? RBD_LOCK_MODE_SHARED : RBD_LOCK_MODE_EXCLUSIVE
            let result = rbd_lock_break(handle.pointer, mode, owner.owner)
            if result == -CephError.Code.notFound.rawValue { return }
            try checked(result, "break lock of image", path)
        }
    }
}
