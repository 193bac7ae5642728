internal import CCeph

import Glibc

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
    /// The client and its cookie, such as `client.4123 auto 94153`; `breakLock` wants it
    /// unchanged.
    public let owner: String
    /// The owner's address, to evict it; nil where Ceph's notation is unknown.
    public let address: ClientAddress?

    /// Its parts.
    public init(mode: Mode, owner: String, address: ClientAddress?) {
        self.mode = mode
        self.owner = owner
        self.address = address
    }
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
            try listWatchers(handle, path)
        }
    }

    /// Who can write the image now: its watchers, and the owners of its lock whose address is known, by
    /// one look at it.
    public func writers(of image: String) async throws -> Set<ClientAddress> {
        let path = imagePath(name, image)
        return try await run("list writers of image", open: image, mode: .readOnly) { handle in
            let owners = try listLockers(handle, path).compactMap(\.address)
            return Set(try listWatchers(handle, path) + owners)
        }
    }

    /// Who holds the image's lock (`rbd_list_lockers`); nobody before the first write.
    ///
    /// librbd's own question for owners wants the image open for writing, which would make us a
    /// watcher; this one does not.
    public func lockOwners(of image: String) async throws -> [LockOwner] {
        let path = imagePath(name, image)
        return try await run("list lock owners of image", open: image, mode: .readOnly) { handle in
            try listLockers(handle, path)
        }
    }

    /// Takes the lock away from this owner (`rados_break_lock` on the image's header).
    ///
    /// Breaking evicts nobody: evict the owner first, or it takes the lock back and writes. An
    /// owner that holds it no more is no error.
    public func breakLock(_ image: String, owner: LockOwner) async throws {
        let path = imagePath(name, image)
        guard let space = owner.owner.firstIndex(of: " ") else {
            throw CephError(
                .invalid, "break lock of image", path, "'\(owner.owner)' is no lock owner")
        }
        let client = String(owner.owner[..<space])
        let cookie = String(owner.owner[space...].dropFirst())
        try await run("break lock of image", image: image) { [name] pool in
            let header = try withImage(
                image, mode: .readOnly, in: pool, poolName: name, "break lock of image"
            ) { try headerObject(of: $0, path) }
            let result = rados_break_lock(pool.pointer, header, "rbd_lock", client, cookie)
            if result == -CephError.Code.notFound.rawValue { return }
            try checked(result, "break lock of image", path)
        }
    }
}

/// The object that carries an image's lock: `rbd_header.` and the image's id (`rbd_get_id`).
private func headerObject(of image: ImageHandle, _ path: String) throws -> String {
    let id = try text(capacity: 64) { buffer, capacity in
        try checked(
            rbd_get_id(image.pointer, buffer, capacity.pointee), "look at image", path)
    }
    return "rbd_header.\(id)"
}

private func listWatchers(_ image: ImageHandle, _ path: String) throws -> [ClientAddress] {
    let blank = rbd_image_watcher_t(addr: nil, id: 0, cookie: 0)
    var found = try elements(capacity: 16, of: blank) { buffer, count in
        try checked(
            rbd_watchers_list(image.pointer, buffer, count), "list watchers of image", path)
    }
    defer { rbd_watchers_list_cleanup(&found, found.count) }
    return try found.map { try ClientAddress($0.addr.map { String(cString: $0) } ?? "") }
}

/// Three lists that run in parallel, each with a NUL behind every string.
private func listLockers(_ image: ImageHandle, _ path: String) throws -> [LockOwner] {
    var capacity = 4096
    while true {
        var tag = [CChar](repeating: 0, count: capacity)
        var (clients, cookies, addresses) = (tag, tag, tag)
        var (tagSize, clientsSize, cookiesSize, addressesSize) = (
            capacity, capacity, capacity, capacity
        )
        var exclusive: CInt = 0
        let count = rbd_list_lockers(
            image.pointer, &exclusive, &tag, &tagSize, &clients, &clientsSize, &cookies,
            &cookiesSize, &addresses, &addressesSize)
        let needed = max(tagSize, clientsSize, cookiesSize, addressesSize)
        if count == -Int(ERANGE), needed > capacity {
            capacity = needed
            continue
        }
        try checked(CInt(clamping: min(count, 0)), "list lock owners of image", path)
        guard count > 0 else { return [] }
        let names = zip(strings(in: clients), strings(in: cookies))
        return zip(names, strings(in: addresses)).map { names, address in
            // The lock can be broken whatever the address looks like.
            LockOwner(
                mode: exclusive != 0 ? .exclusive : .shared, owner: "\(names.0) \(names.1)",
                address: try? ClientAddress(address))
        }
    }
}
