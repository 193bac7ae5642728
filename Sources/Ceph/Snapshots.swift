import Glibc

internal import CCeph

/// A clone of a snapshot.
public struct ImageChild: Hashable, Sendable {
    /// The clone's pool.
    public let pool: String
    /// The clone.
    public let image: String

    /// Its parts.
    public init(pool: String, image: String) {
        self.pool = pool
        self.image = image
    }
}

extension CephPool {
    /// Freezes the image's present content (`rbd_snap_create`).
    public func createSnapshot(_ image: String, name snapshot: String) async throws {
        try await change(image, snapshot, "create snapshot") { handle in
            rbd_snap_create(handle.pointer, snapshot)
        }
    }

    /// Forbids to remove the snapshot, so that it can be cloned (`rbd_snap_protect`).
    ///
    /// A snapshot that is protected already is no error.
    public func protect(_ image: String, snapshot: String) async throws {
        try await change(image, snapshot, "protect snapshot") { handle in
            let result = rbd_snap_protect(handle.pointer, snapshot)
            return result == -CephError.Code.busy.rawValue ? 0 : result
        }
    }

    /// Allows to remove the snapshot again (`rbd_snap_unprotect`).
    ///
    /// - Throws: `CephError`: `busy` while it has clones.
    public func unprotect(_ image: String, snapshot: String) async throws {
        try await change(
            image, snapshot, "unprotect snapshot",
            hints: [.busy: "it has clones; remove them first"]
        ) { handle in
            rbd_snap_unprotect(handle.pointer, snapshot)
        }
    }

    /// Removes the snapshot (`rbd_snap_remove`).
    ///
    /// - Throws: `CephError`: `busy` while it is protected.
    public func removeSnapshot(_ image: String, name snapshot: String) async throws {
        try await change(
            image, snapshot, "remove snapshot",
            hints: [.busy: "it is protected; unprotect it first"]
        ) { handle in
            rbd_snap_remove(handle.pointer, snapshot)
        }
    }

    /// The image's snapshots, oldest first (`rbd_snap_list`).
    public func snapshots(of image: String) async throws -> [String] {
        let path = imagePath(name, image)
        return try await run("list snapshots of image", open: image, mode: .readOnly) { handle in
            var capacity: CInt = 16
            while true {
                var found = [rbd_snap_info_t](
                    repeating: rbd_snap_info_t(id: 0, size: 0, name: nil), count: Int(capacity))
                let count = rbd_snap_list(handle.pointer, &found, &capacity)
                // librbd has set the capacity to what it needs.
                if count == -ERANGE, Int(capacity) > found.count { continue }
                try checked(count, "list snapshots of image", path)
                defer { rbd_snap_list_end(&found) }
                return found.prefix(Int(count)).compactMap { $0.name.map { String(cString: $0) } }
            }
        }
    }

    /// Whether the snapshot may be cloned (`rbd_snap_is_protected`).
    public func isProtected(_ image: String, snapshot: String) async throws -> Bool {
        let path = imagePath(name, image, snapshot)
        return try await run(
            "look at snapshot", open: image, snapshot: snapshot, mode: .readOnly
        ) { handle in
            var answer: CInt = 0
            try checked(
                rbd_snap_is_protected(handle.pointer, snapshot, &answer), "look at snapshot", path)
            return answer != 0
        }
    }

    /// The clones of a snapshot, in all pools this user may read (`rbd_list_children3`).
    public func children(of image: String, snapshot: String) async throws -> [ImageChild] {
        let path = imagePath(name, image, snapshot)
        return try await run(
            "list clones of", open: image, snapshot: snapshot, mode: .readOnly
        ) { handle in
            let specs = try elements(capacity: 64, of: rbd_linked_image_spec_t()) { buffer, count in
                try checked(
                    rbd_list_children3(handle.pointer, buffer, count), "list clones of", path)
            }
            defer { for var spec in specs { rbd_linked_image_spec_cleanup(&spec) } }
            return specs.compactMap { spec in
                guard let pool = spec.pool_name, let image = spec.image_name else { return nil }
                return ImageChild(pool: String(cString: pool), image: String(cString: image))
            }
        }
    }

    private func change(
        _ image: String, _ snapshot: String, _ attempt: String,
        hints: [CephError.Code: String] = [:],
        _ body: @escaping @Sendable (ImageHandle) -> CInt
    ) async throws {
        try validate(snapshot, as: .snapshot)
        let path = imagePath(name, image, snapshot)
        try await run(attempt, open: image, mode: .writable) { handle in
            let result = body(handle)
            let hint = hints[CephError.Code(rawValue: result < 0 ? -result : 0)]
            try checked(result, attempt, path, hint)
        }
    }
}
