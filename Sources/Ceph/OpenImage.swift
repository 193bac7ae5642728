internal import CCeph
import Synchronization

/// librbd's image handle. Any thread may use it, but none after `rbd_close`.
struct ImageHandle: @unchecked Sendable { let pointer: rbd_image_t }

/// How an image is opened. Only a writable image is watched (`rbd_open`): a read-only one
/// (`rbd_open_read_only`) leaves no trace that others could take for a user of the image.
enum OpenMode {
    case readOnly
    case writable
}

/// Opens an image and leaves it to the caller to close.
func openImage(
    _ name: String, snapshot: String? = nil, mode: OpenMode, in pool: PoolHandle,
    poolName: String, _ attempt: String
) throws(CephError) -> ImageHandle {
    var image: rbd_image_t?
    let subject = imagePath(poolName, name, snapshot)
    switch mode {
    case .readOnly:
        try checked(rbd_open_read_only(pool.pointer, name, &image, snapshot), attempt, subject)
    case .writable:
        try checked(rbd_open(pool.pointer, name, &image, snapshot), attempt, subject)
    }
    guard let image else { throw CephError(.notFound, attempt, subject) }
    try leaveOpening(pool, attempt, subject)
    return ImageHandle(pointer: image)
}

/// Waits until librados has come back from the call-back in which librbd opened an image.
///
/// There librbd wakes whoever opens it, and takes the image's lock once more afterwards
/// (`ImageState::complete_action_unlock`). An image that nobody watches may be closed and freed by then: the
/// call-back waits for a lock in freed memory for ever, and so does every later one of the connection, for
/// librados makes one after the other. An empty flush (`rados_aio_flush_async`) has its turn among them,
/// and asks no OSD.
private func leaveOpening(
    _ pool: PoolHandle, _ attempt: String, _ subject: String
) throws(CephError) {
    var completion: rados_completion_t?
    try checked(rados_aio_create_completion2(nil, nil, &completion), attempt, subject)
    defer { rados_aio_release(completion) }
    try checked(rados_aio_flush_async(pool.pointer, completion), attempt, subject)
    rados_aio_wait_for_complete(completion)
}

/// `pool/image` or `pool/image@snapshot`, as Ceph's own tools write it.
func imagePath(_ pool: String, _ image: String, _ snapshot: String? = nil) -> String {
    "\(pool)/\(image)" + (snapshot.map { "@\($0)" } ?? "")
}

/// Serializes the calls on an image that stays open, so that none runs on a closed handle.
final class OpenImage: Sendable {
    private let handle: Mutex<ImageHandle?>

    init(_ handle: ImageHandle) { self.handle = Mutex(handle) }

    /// - Throws: what `body` throws, and `notConnected` after `close`.
    func use<Value: Sendable>(
        _ attempt: String, _ subject: String, _ body: (ImageHandle) throws -> Value
    ) throws -> Value {
        try handle.withLock { handle in
            guard let handle else {
                throw CephError(.notConnected, attempt, subject, "the image is closed")
            }
            return try body(handle)
        }
    }

    /// Closes once (`rbd_close`). Its result is of no use: writes are acknowledged one by one, as
    /// the connection has librbd's cache off, and the handle is gone either way.
    func close() {
        handle.withLock { handle in
            if let open = handle { rbd_close(open.pointer) }
            handle = nil
        }
    }
}
