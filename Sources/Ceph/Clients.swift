internal import CCeph
internal import CRadosWatchers

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

/// None of these opens the image: to open one with its parent is 10 ms and 7 ms of a processor's time, most of
/// it for tables of settings, and whoever opens it for writing is a watcher. What is asked for lies at the
/// image's header object.
extension CephPool {
    /// Who has the image open for writing now (`librados::IoCtx::list_watchers`).
    ///
    /// Not a list of all who might still write: a client that is cut off drops out of it after 30 s and
    /// comes back when the network does.
    public func watchers(of image: String) async throws -> [ClientAddress] {
        let path = imagePath(name, image)
        return try await run("list watchers of image", image: image) { pool in
            try listWatchers(of: header(of: image, in: pool, path), in: pool, path)
        }
    }

    /// Who can write the image now: its watchers, and the owners of its lock whose address is known.
    public func writers(of image: String) async throws -> Set<ClientAddress> {
        let path = imagePath(name, image)
        return try await run("list writers of image", image: image) { pool in
            let header = try header(of: image, in: pool, path)
            let owners = try listLockers(of: header, in: pool, path).compactMap(\.address)
            return Set(try listWatchers(of: header, in: pool, path) + owners)
        }
    }

    /// Who holds the image's lock (`rados_list_lockers`); nobody before the first write.
    public func lockOwners(of image: String) async throws -> [LockOwner] {
        let path = imagePath(name, image)
        return try await run("list lock owners of image", image: image) { pool in
            try listLockers(of: header(of: image, in: pool, path), in: pool, path)
        }
    }

    /// Takes the lock away from this owner (`rados_break_lock`).
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
        try await run("break lock of image", image: image) { pool in
            let header = try header(of: image, in: pool, path)
            let result = rados_break_lock(pool.pointer, header, lockName, client, cookie)
            if result == -CephError.Code.notFound.rawValue { return }
            try checked(result, "break lock of image", path)
        }
    }
}

/// librbd's name for the lock of an image (`RBD_LOCK_NAME`).
private let lockName = "rbd_lock"

/// The longest id of an image, in bytes (`RBD_MAX_IMAGE_ID_LENGTH`); librbd's own are shorter.
private let longestID = 256

/// The object that an image's watchers and lock are at: `rbd_header.` and the image's id, which the
/// object `rbd_id.` and the image's name tells (`get_id` of Ceph's object class `rbd`).
private func header(of image: String, in pool: PoolHandle, _ path: String) throws -> String {
    // A string in Ceph's encoding: its length, 32 bits, the lowest byte first, and its bytes.
    let prefix = MemoryLayout<UInt32>.size
    let answer = try [CChar](unsafeUninitializedCapacity: prefix + longestID) { buffer, filled in
        let count = rados_exec(
            pool.pointer, "rbd_id.\(image)", "rbd", "get_id", nil, 0, buffer.baseAddress,
            buffer.count)
        try checked(count, "look at image", path)
        filled = Int(count)
    }
    let bytes = answer.map(UInt8.init(bitPattern:))
    let length = bytes.prefix(prefix).reversed().reduce(0) { $0 << 8 | Int($1) }
    guard length > 0, bytes.count == prefix + length else {
        throw CephError(.malformed, "look at image", path, "its id does not read as one")
    }
    return "rbd_header.\(String(decoding: bytes[prefix...], as: UTF8.self))"
}

private func listWatchers(
    of header: String, in pool: PoolHandle, _ path: String
) throws -> [ClientAddress] {
    let found = try elements(capacity: 16, of: obj_watch_t()) { buffer, count in
        try checked(
            rados_watchers_of(pool.pointer, header, buffer, count), "list watchers of image", path)
    }
    return try found.map { watcher in
        let address = withUnsafeBytes(of: watcher.addr) {
            String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
        }
        return try ClientAddress(address)
    }
}

/// Three lists that run in parallel, each with a NUL behind every string.
private func listLockers(
    of header: String, in pool: PoolHandle, _ path: String
) throws -> [LockOwner] {
    var capacity = 4096
    while true {
        var tag = [CChar](repeating: 0, count: capacity)
        var (clients, cookies, addresses) = (tag, tag, tag)
        var (tagSize, clientsSize, cookiesSize, addressesSize) = (
            capacity, capacity, capacity, capacity
        )
        var exclusive: CInt = 0
        let count = rados_list_lockers(
            pool.pointer, header, lockName, &exclusive, &tag, &tagSize, &clients, &clientsSize,
            &cookies,
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
