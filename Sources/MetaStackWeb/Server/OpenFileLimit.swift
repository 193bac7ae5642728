import Glibc

/// How many files this process may have open. Each connection is one, and the usual soft limit of 1,024
/// is fewer than the event streams that may be open.
package enum OpenFileLimit {
    /// What the server needs: all event streams that it lets in, and room for all else.
    package static let wanted = StreamCount.most + 1024

    /// Raises the soft limit to the hard one (`setrlimit`, RLIMIT_NOFILE).
    ///
    /// - Returns: the limit that holds; nil where it cannot be told.
    package static func raise() -> Int? {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0 else { return nil }
        let soft = limit.rlim_cur
        limit.rlim_cur = limit.rlim_max
        return Int(clamping: setrlimit(resource, &limit) == 0 ? limit.rlim_max : soft)
    }
}
