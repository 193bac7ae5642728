internal import CCeph

/// An image that is held open for writing, as QEMU holds one: a watcher, and the lock's owner
/// from its first write on. For seeds and tests; guests' bytes never pass through here.
public final class CephImage: Sendable {
    /// The pool's and the image's name, `pool/image`.
    public let path: String
    private let connection: Connection
    private let image: OpenImage

    init(path: String, image: OpenImage, connection: Connection) {
        self.path = path
        self.image = image
        self.connection = connection
    }

    /// Writes bytes (`rbd_write`); they are on the OSDs when this returns.
    public func write(_ bytes: [UInt8], at offset: Int64) async throws {
        try await connection.run("write to image", path) { [image, path] _ in
            try image.use("write to image", path) { try Ceph.write($0, bytes, at: offset, path) }
        }
    }

    /// Reads bytes (`rbd_read`), fewer at the image's end.
    public func read(at offset: Int64, count: Int) async throws -> [UInt8] {
        try await connection.run("read image", path) { [image, path] _ in
            try image.use("read image", path) { try Ceph.read($0, at: offset, count: count, path) }
        }
    }

    /// Closes the image (`rbd_close`). Does nothing the second time.
    public func close() async {
        connection.forget(image)
        // Fails only where the connection is closed, which has closed the image.
        try? await connection.run("close image", path) { [image] _ in image.close() }
    }
}

extension CephPool {
    /// Opens an image for writing and keeps it open until `close` (`rbd_open`).
    public func open(_ image: String) async throws -> CephImage {
        let path = imagePath(name, image)
        let opened = try await run("open image", image: image) { [name] pool in
            OpenImage(
                try openImage(image, mode: .writable, in: pool, poolName: name, "open image"))
        }
        connection.keep(opened)
        return CephImage(path: path, image: opened, connection: connection)
    }

    /// Reads bytes (`rbd_read`), fewer at the image's end; leaves no watcher.
    public func read(_ image: String, offset: Int64, length: Int) async throws -> [UInt8] {
        let path = imagePath(name, image)
        return try await run("read image", open: image, mode: .readOnly) { handle in
            try Ceph.read(handle, at: offset, count: length, path)
        }
    }

    /// Opens the image, writes bytes (`rbd_write`) and closes it.
    public func write(_ image: String, offset: Int64, bytes: [UInt8]) async throws {
        let path = imagePath(name, image)
        try await run("write to image", open: image, mode: .writable) { handle in
            try Ceph.write(handle, bytes, at: offset, path)
        }
    }
}

private func write(
    _ image: ImageHandle, _ bytes: [UInt8], at offset: Int64, _ path: String
) throws {
    guard let start = UInt64(exactly: offset) else {
        throw CephError(.invalid, "write to image", path, "the offset \(offset) is negative")
    }
    let written = bytes.withUnsafeBytes { buffer in
        rbd_write(
            image.pointer, start, buffer.count, buffer.bindMemory(to: CChar.self).baseAddress)
    }
    try checked(CInt(clamping: min(written, 0)), "write to image", path)
}

private func read(
    _ image: ImageHandle, at offset: Int64, count: Int, _ path: String
) throws -> [UInt8] {
    guard let start = UInt64(exactly: offset), count >= 0 else {
        throw CephError(.invalid, "read image", path, "offset or length is negative")
    }
    return try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
        let space = UnsafeMutableRawBufferPointer(buffer).bindMemory(to: CChar.self)
        let result = rbd_read(image.pointer, start, count, space.baseAddress)
        try checked(CInt(clamping: min(result, 0)), "read image", path)
        filled = result
    }
}
