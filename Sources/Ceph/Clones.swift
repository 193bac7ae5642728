internal import CCeph

extension CephPool {
    /// Makes an image that shares a protected snapshot's data (`rbd_clone3`) and grows it.
    ///
    /// Takes some ten milliseconds whatever the size, for no data is copied. Where growing fails
    /// the clone is removed again, so there is a whole disk or none.
    ///
    /// - Parameters:
    ///   - snapshot: what to clone; its pool may be another one.
    ///   - image: the clone's name in this pool.
    ///   - size: bytes, at least the snapshot's; nil keeps the snapshot's size.
    public func clone(
        _ snapshot: (pool: CephPool, image: String, snapshot: String), as image: String,
        size: Int64? = nil
    ) async throws {
        try validate(snapshot.image, as: .image)
        try validate(snapshot.snapshot, as: .snapshot)
        let source = Source(
            pool: snapshot.pool, image: snapshot.image, snapshot: snapshot.snapshot)
        try await run("clone \(source.path) as", image: image) { [name] pool in
            let path = imagePath(name, image)
            try source.clone(to: pool, image, path)
            guard let size else { return }
            do {
                try withImage(image, mode: .writable, in: pool, poolName: name, "grow image") {
                    try grow($0, to: size, path)
                }
            } catch {
                // The clone is seconds old and nobody's yet; the error that led here says more
                // than a second one would.
                _ = rbd_remove(pool.pointer, image)
                throw error
            }
        }
    }
}

private struct Source: Sendable {
    let pool: CephPool
    let image: String
    let snapshot: String

    var path: String { imagePath(pool.name, image, snapshot) }

    func clone(to target: PoolHandle, _ name: String, _ targetPath: String) throws {
        let options = try imageOptions(targetPath)
        defer { rbd_image_options_destroy(options) }
        let result = rbd_clone3(
            try pool.handle().pointer, image, snapshot, target.pointer, name, options)
        let hint: String? =
            switch CephError.Code(rawValue: result < 0 ? -result : 0) {
            case .invalid: "the snapshot is not protected, or its image cannot be cloned"
            case .notFound: "there is no snapshot \(path)"
            default: nil
            }
        try checked(result, "clone \(path) as", targetPath, hint)
    }
}

private func grow(_ image: ImageHandle, to size: Int64, _ path: String) throws(CephError) {
    var present: UInt64 = 0
    try checked(rbd_get_size(image.pointer, &present), "grow image", path)
    guard size >= 0, UInt64(size) >= present else {
        throw CephError(
            .invalid, "grow image", path,
            "\(size) bytes are fewer than the \(present) of the snapshot")
    }
    if UInt64(size) == present { return }
    try checked(rbd_resize2(image.pointer, UInt64(size), false, nil, nil), "grow image", path)
}
