internal import CCeph
import Synchronization

/// How far an import is, in bytes of the file; holes count as done once they are skipped.
public struct ImportProgress: Hashable, Sendable {
    /// Bytes done.
    public let done: Int64
    /// The file's size in bytes.
    public let total: Int64

    /// Its parts.
    public init(done: Int64, total: Int64) {
        self.done = done
        self.total = total
    }
}

extension CephPool {
    /// Makes an image of a raw disk file (`rbd_create4`, `rbd_aio_write`).
    ///
    /// Zeros and holes are not written, so the image is as sparse as it can be. 16 writes of
    /// 1 MiB are in flight. Cancelling the task stops it. An import that does not end well
    /// removes its image again; only where that fails, too, the image stays, and the error
    /// says so.
    ///
    /// - Parameters:
    ///   - file: path of a regular file or block device; its size is rounded up to 512 bytes.
    ///   - image: the new image's name; an image that exists is left alone.
    ///   - progress: called about a hundred times and at the end, from a thread that may block.
    public func `import`(
        _ file: String, as image: String,
        progress: @escaping @Sendable (ImportProgress) -> Void = { _ in }
    ) async throws {
        let path = imagePath(name, image)
        let stop = StopFlag()
        try await withTaskCancellationHandler {
            try await runLong("import image", image: image) { [name] pool, call in
                let source = try ImportSource(path: file)
                try createImage(image, size: source.imageSize, in: pool, path)
                do {
                    try withImage(image, mode: .writable, in: pool, poolName: name, "import image")
                    {
                        try ImportWriter(image: $0, path: path).copy(
                            source, stop: stop, call: call, progress: progress)
                    }
                } catch {
                    throw removed(image, of: pool, path, because: error)
                }
            }
        } onCancel: {
            stop.raise()
        }
    }
}

/// Carries a cancellation to the thread that copies.
final class StopFlag: Sendable {
    private let raised = Atomic(false)
    func raise() { raised.store(true, ordering: .relaxed) }
    var isRaised: Bool { raised.load(ordering: .relaxed) }
}

/// Takes back what a failed import has made; the error to throw.
private func removed(
    _ image: String, of pool: PoolHandle, _ path: String, because error: any Error
) -> any Error {
    let result = rbd_remove(pool.pointer, image)
    guard result < 0, let cause = error as? CephError else { return error }
    return CephError(
        cause.code, cause.attempt, path,
        "\(cause.message); and the half made image is still there: "
            + CephError.Code(rawValue: -result).sentence)
}
