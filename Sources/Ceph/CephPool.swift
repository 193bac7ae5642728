import BlockingCalls
internal import CCeph
import Glibc

/// A pool of images.
///
/// What can be done is in the extensions: images, snapshots, clones, clients, import. Every call
/// checks the names it is given, may run in parallel with any other, and holds a thread of its
/// own while Ceph works.
public final class CephPool: Sendable {
    /// The pool's name.
    public let name: String
    let connection: Connection

    init(name: String, connection: Connection) {
        self.name = name
        self.connection = connection
    }

    /// Asks one of the pool's OSDs for something small (`rados_stat` of the list of images), which
    /// needs to be there no more than its answer has to come. What the connection knows by itself,
    /// such as the names of pools, says nothing about whether anybody is there.
    ///
    /// - Throws: `.timedOut` where no OSD answers, `.notPermitted` where the user may not ask.
    public func ping() async throws {
        try await connection.run("ask for an answer of pool", name) { _ in
            var size: UInt64 = 0
            var time = time_t()
            let code = rados_stat(try self.handle().pointer, "rbd_directory", &size, &time)
            guard code != -ENOENT else { return }
            try checked(code, "ask for an answer of pool", self.name)
        }
    }

    /// Runs `body` with the pool's handle (`rados_ioctx_t`).
    func run<Value: Sendable>(
        _ attempt: String, image: String,
        _ body: @escaping @Sendable (PoolHandle) throws -> Value
    ) async throws -> Value {
        try validate(image, as: .image)
        return try await connection.run(attempt, imagePath(name, image)) { _ in
            try body(self.handle())
        }
    }

    /// The same for what moves a whole disk's bytes, and tells of each step.
    func runLong<Value: Sendable>(
        _ attempt: String, image: String,
        _ body: @escaping @Sendable (PoolHandle, CallProgress) throws -> Value
    ) async throws -> Value {
        try validate(image, as: .image)
        return try await connection.runLong(attempt, imagePath(name, image)) { _, progress in
            try body(self.handle(), progress)
        }
    }

    /// Runs `body` with the image open, and closes it (`rbd_close`) whatever happens.
    func run<Value: Sendable>(
        _ attempt: String, open image: String, snapshot: String? = nil, mode: OpenMode,
        _ body: @escaping @Sendable (ImageHandle) throws -> Value
    ) async throws -> Value {
        if let snapshot { try validate(snapshot, as: .snapshot) }
        return try await run(attempt, image: image) { [name] pool in
            try withImage(
                image, snapshot: snapshot, mode: mode, in: pool, poolName: name, attempt, body)
        }
    }

    /// The handle, for use inside a blocking call.
    func handle() throws -> PoolHandle { try connection.poolHandle(name) }
}

/// Opens an image for the time of `body`.
func withImage<Value>(
    _ image: String, snapshot: String? = nil, mode: OpenMode, in pool: PoolHandle,
    poolName: String, _ attempt: String, _ body: (ImageHandle) throws -> Value
) throws -> Value {
    let handle = try openImage(
        image, snapshot: snapshot, mode: mode, in: pool, poolName: poolName, attempt)
    let result = Result { try body(handle) }
    let closed = rbd_close(handle.pointer)
    let value = try result.get()
    try checked(closed, "close image", imagePath(poolName, image, snapshot))
    return value
}
