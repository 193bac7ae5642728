import BlockingCalls
internal import CCeph

extension CephPool {
    /// Removes an image and all its data (`rbd_remove_with_progress`).
    ///
    /// - Parameter progress: the part done, from 0 to 1, from a thread that may block.
    /// - Throws: `CephError`: `busy`, which is retriable, with the watchers' addresses while it
    ///   is in use; `notEmpty` while it has snapshots; `notFound`.
    public func remove(
        _ image: String, progress: @escaping @Sendable (Double) -> Void = { _ in }
    ) async throws {
        let path = imagePath(name, image)
        do {
            try await runLong("remove image", image: image) { pool, call in
                let report = Unmanaged.passRetained(
                    Report {
                        call.step()
                        progress($0)
                    })
                defer { report.release() }
                try checked(
                    rbd_remove_with_progress(
                        pool.pointer, image, reportProgress, report.toOpaque()),
                    "remove image", path)
            }
            progress(1)
        } catch let error as CephError where error.isBusy {
            // Who watches is an explanation only: the refusal stands where it cannot be had.
            let watchers = (try? await watchers(of: image)) ?? []
            guard !watchers.isEmpty else { throw error }
            let names = watchers.map(\.description).joined(separator: ", ")
            throw CephError(.busy, "remove image", path, "it is watched by \(names)")
        }
    }
}

/// Carries the caller's closure through C.
private final class Report: Sendable {
    let progress: @Sendable (Double) -> Void
    init(_ progress: @escaping @Sendable (Double) -> Void) { self.progress = progress }
}

/// librbd's progress call-back: what is done of what is to do, in objects.
private func reportProgress(_ done: UInt64, _ total: UInt64, _ report: UnsafeMutableRawPointer?)
    -> CInt
{
    guard let report else { return 0 }
    let part = total == 0 ? 1 : Double(done) / Double(total)
    Unmanaged<Report>.fromOpaque(report).takeUnretainedValue().progress(min(1, part))
    return 0
}
