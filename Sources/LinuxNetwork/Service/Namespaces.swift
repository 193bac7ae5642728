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
}
