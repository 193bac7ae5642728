import CNamespaces
import Foundation

/// Network namespaces that are kept by a mount.
enum Namespaces {
    /// Whether a namespace is mounted on a path: all namespaces are files of one file system.
    static func isMounted(_ path: String) -> Bool {
        var (found, own) = (stat(), stat())
        return stat(path, &found) == 0 && stat("/proc/self/ns/net", &own) == 0
            && found.st_dev == own.st_dev
    }

    /// What tells a namespace from all others while it is there; nil where none is.
    static func identity(_ path: String) -> UInt64? {
        var found = stat()
        return isMounted(path) && stat(path, &found) == 0 ? UInt64(found.st_ino) : nil
    }

    /// Does something short in another network namespace than the process's own.
    ///
    /// A thread of its own enters the namespace and ends there: threads that others use stay where they
    /// are. What is opened there stays in the namespace.
    ///
    /// - Parameter path: the namespace, as a file; nil for the process's own, on the calling thread.
    static func inside<Value: Sendable>(
        _ path: String?, _ body: @escaping @Sendable () throws(NetworkPlaneError) -> Value
    ) async throws(NetworkPlaneError) -> Value {
        guard let path else { return try body() }
        let result = await withCheckedContinuation { continuation in
            Thread.detachNewThread {
                continuation.resume(returning: Self.entered(path, body))
            }
        }
        return try result.get()
    }

    private static func entered<Value>(
        _ path: String, _ body: () throws(NetworkPlaneError) -> Value
    ) -> Result<Value, NetworkPlaneError> {
        let namespace = open(path, O_RDONLY | O_CLOEXEC)
        guard namespace >= 0 else { return .failure(failed("open", path)) }
        defer { close(namespace) }
        guard metastack_enter_network(namespace) == 0 else {
            return .failure(failed("enter", path))
        }
        do throws(NetworkPlaneError) {
            return .success(try body())
        } catch {
            return .failure(error)
        }
    }

    private static func failed(_ what: String, _ path: String) -> NetworkPlaneError {
        NetworkPlaneError(
            .file, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}
