internal import CCeph

/// What an image can do (librbd's feature bits).
public struct ImageFeatures: OptionSet, Hashable, Sendable {
    /// librbd's `RBD_FEATURE_…` bits, also those without a name here.
    public let rawValue: UInt64

    /// Any feature bits.
    public init(rawValue: UInt64) { self.rawValue = rawValue }

    /// Snapshots of it can be cloned.
    public static let layering = ImageFeatures(rawValue: 1 << 0)
    /// One writer at a time, who hands over when another one asks.
    public static let exclusiveLock = ImageFeatures(rawValue: 1 << 2)
    /// Knows which of its objects exist.
    public static let objectMap = ImageFeatures(rawValue: 1 << 3)
    /// Compares with its snapshots quickly.
    public static let fastDiff = ImageFeatures(rawValue: 1 << 4)
    /// Flattening it detaches its snapshots from the parent, too.
    public static let deepFlatten = ImageFeatures(rawValue: 1 << 5)
}

/// The snapshot that a clone is made of.
public struct ImageParent: Hashable, Sendable {
    /// The parent's pool.
    public let pool: String
    /// The parent.
    public let image: String
    /// The parent's snapshot.
    public let snapshot: String

    /// Its parts.
    public init(pool: String, image: String, snapshot: String) {
        self.pool = pool
        self.image = image
        self.snapshot = snapshot
    }
}

/// What librbd knows of an image.
public struct ImageInformation: Hashable, Sendable {
    /// The disk's size in bytes.
    public let size: Int64
    /// The size of one of its objects in bytes, 4 MiB as a rule.
    public let objectSize: Int64
    /// What it can do.
    public let features: ImageFeatures
    /// What it was cloned from.
    public let parent: ImageParent?

    /// Its parts.
    public init(
        size: Int64, objectSize: Int64, features: ImageFeatures, parent: ImageParent?
    ) {
        self.size = size
        self.objectSize = objectSize
        self.features = features
        self.parent = parent
    }
}

extension CephPool {
    /// The names of all images (`rbd_list2`).
    public func images() async throws -> [String] {
        try await connection.run("list images of pool", name) { [self] _ in
            let pool = try handle()
            let blank = rbd_image_spec_t(id: nil, name: nil)
            let specs = try elements(capacity: 64, of: blank) { buffer, count in
                try checked(
                    rbd_list2(pool.pointer, buffer, count), "list images of pool", name)
            }
            defer { for var spec in specs { rbd_image_spec_cleanup(&spec) } }
            return specs.compactMap { $0.name.map { String(cString: $0) } }
        }
    }

    /// Whether there is such an image.
    public func imageExists(_ image: String) async throws -> Bool {
        do {
            try await run("look for image", open: image, mode: .readOnly) { _ in }
            return true
        } catch let error as CephError where error.isNotFound {
            return false
        }
    }

    /// Size, features and parent (`rbd_stat`, `rbd_get_features`, `rbd_get_parent`).
    public func information(_ image: String) async throws -> ImageInformation {
        let path = imagePath(name, image)
        return try await run("look at image", open: image, mode: .readOnly) { handle in
            var found = rbd_image_info_t()
            try checked(
                rbd_stat(handle.pointer, &found, MemoryLayout.size(ofValue: found)),
                "look at image", path)
            var features: UInt64 = 0
            try checked(rbd_get_features(handle.pointer, &features), "look at image", path)
            return ImageInformation(
                size: Int64(clamping: found.size), objectSize: Int64(clamping: found.obj_size),
                features: ImageFeatures(rawValue: features), parent: try parent(of: handle, path))
        }
    }

    /// Makes an empty image (`rbd_create4`).
    ///
    /// Its features are Ceph's defaults and the exclusive lock in any case.
    ///
    /// - Parameter size: bytes, more than 0.
    public func create(_ image: String, size: Int64) async throws {
        let path = imagePath(name, image)
        try await run("create image", image: image) { pool in
            try createImage(image, size: size, in: pool, path)
        }
    }

    /// Sets the size in bytes (`rbd_resize2`); shrinking cuts off what is behind.
    public func resize(_ image: String, to size: Int64) async throws {
        let path = imagePath(name, image)
        guard size > 0 else {
            throw CephError(.invalid, "resize image", path, "\(size) bytes is no size")
        }
        try await run("resize image", open: image, mode: .writable) { handle in
            try checked(
                rbd_resize2(handle.pointer, UInt64(size), true, nil, nil), "resize image", path)
        }
    }

    /// Gives the image another name in the same pool (`rbd_rename`).
    public func rename(_ image: String, to newName: String) async throws {
        try validate(newName, as: .image)
        let path = imagePath(name, image)
        try await run("rename image", image: image) { pool in
            try checked(rbd_rename(pool.pointer, image, newName), "rename image", path)
        }
    }

    /// Stores a text with the image (`rbd_metadata_set`).
    public func setMetadata(_ image: String, key: String, value: String) async throws {
        let path = imagePath(name, image)
        try await run("set metadata of image", open: image, mode: .writable) { handle in
            try checked(
                rbd_metadata_set(handle.pointer, key, value), "set metadata of image", path)
        }
    }

    /// Reads a text stored with the image (`rbd_metadata_get`); nil where there is none.
    public func metadata(_ image: String, key: String) async throws -> String? {
        let path = imagePath(name, image)
        return try await run("read metadata of image", open: image, mode: .readOnly) { handle in
            do {
                return try text(capacity: 1024) { buffer, capacity in
                    try checked(
                        rbd_metadata_get(handle.pointer, key, buffer, capacity),
                        "read metadata of image", path)
                }
            } catch let error as CephError where error.isNotFound {
                return nil
            }
        }
    }
}

/// Makes an image with the default features and the exclusive lock.
func createImage(
    _ image: String, size: Int64, in pool: PoolHandle, _ path: String
) throws(CephError) {
    guard size > 0 else {
        throw CephError(.invalid, "create image", path, "\(size) bytes is no size")
    }
    let options = try imageOptions(path)
    defer { rbd_image_options_destroy(options) }
    try checked(
        rbd_create4(pool.pointer, image, UInt64(size), options), "create image", path)
}

/// The options of new images and clones; the caller destroys them.
func imageOptions(_ path: String) throws(CephError) -> rbd_image_options_t {
    var options: rbd_image_options_t?
    rbd_image_options_create(&options)
    guard let options else { throw CephError(.invalid, "set options of image", path) }
    let added = ImageFeatures.exclusiveLock.rawValue
    let option = CInt(RBD_IMAGE_OPTION_FEATURES_SET)
    try checked(
        rbd_image_options_set_uint64(options, option, added), "set options of image", path)
    return options
}

private func parent(of image: ImageHandle, _ path: String) throws -> ImageParent? {
    var spec = rbd_linked_image_spec_t()
    var snapshot = rbd_snap_spec_t()
    let result = rbd_get_parent(image.pointer, &spec, &snapshot)
    if result == -CephError.Code.notFound.rawValue { return nil }
    try checked(result, "look at parent of image", path)
    defer {
        rbd_linked_image_spec_cleanup(&spec)
        rbd_snap_spec_cleanup(&snapshot)
    }
    return ImageParent(
        pool: spec.pool_name.map { String(cString: $0) } ?? "",
        image: spec.image_name.map { String(cString: $0) } ?? "",
        snapshot: snapshot.name.map { String(cString: $0) } ?? "")
}
