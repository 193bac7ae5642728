import Foundation
import Glibc
public import MetaStackModel

/// Says that an agent of this name runs on this machine: a lock on a file (`flock(2)`), which ends
/// with its holder, however that ends.
///
/// One agent keeps a second one of its name away, and tells the fence that an agent before it left
/// behind that somebody guards the guests again.
public final class AgentLock: Sendable {
    /// Why the lock is not to be had.
    public enum Problem: Error, Equatable, CustomStringConvertible {
        case taken(path: String)
        case unusable(path: String, reason: String)

        public var description: String {
            switch self {
            case .taken(let path):
                "another metastack-node of this name runs on this machine: it holds \(path)"
            case .unusable(let path, let reason): "cannot lock \(path): \(reason)"
            }
        }
    }

    /// Where the locks are: gone after a boot, as the guests are.
    public static let folder = "/run/metastack"

    private let handle: CInt

    private init(_ handle: CInt) { self.handle = handle }

    /// Takes the lock at once, or says why it is not to be had.
    public static func take(
        of node: HostID, in folder: String = AgentLock.folder
    ) -> Result<AgentLock, Problem> {
        let path = "\(folder)/\(node).lock"
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true)
        } catch {
            return .failure(.unusable(path: path, reason: error.localizedDescription))
        }
        let handle = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard handle >= 0 else {
            return .failure(.unusable(path: path, reason: String(cString: strerror(errno))))
        }
        guard flock(handle, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            close(handle)
            return .failure(
                reason == EWOULDBLOCK
                    ? .taken(path: path)
                    : .unusable(path: path, reason: String(cString: strerror(reason))))
        }
        return .success(AgentLock(handle))
    }

    deinit { close(handle) }
}
