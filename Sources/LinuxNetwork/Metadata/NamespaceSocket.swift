import Foundation

/// Sockets in another network namespace than the process's own.
///
/// A socket stays in the namespace in which it was made, and so do the connections that it accepts.
enum NamespaceSocket {
    /// Binds to a TCP port of all of a namespace's addresses, of IPv6 and IPv4.
    ///
    /// No address is named, so that it stays good where the link below is made anew.
    ///
    /// - Parameter path: the namespace, as a file.
    /// - Returns: the socket, which is the caller's.
    static func bound(to port: UInt16, in path: String) async throws(NetworkPlaneError) -> CInt {
        try await Namespaces.inside(path) { () throws(NetworkPlaneError) in
            try make(port, path)
        }
    }

    private static func make(_ port: UInt16, _ path: String) throws(NetworkPlaneError) -> CInt {
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = socket(AF_INET6, CInt(bitPattern: kind), 0)
        guard descriptor >= 0 else { throw failed("make a socket in", path) }
        set(descriptor, CInt(IPPROTO_IPV6), IPV6_V6ONLY, 0)
        // Connections of an agent before this one may not have ended yet.
        set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1)
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        let isBound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in6>.size)) == 0
            }
        }
        guard isBound else {
            let error = failed("bind to port \(port) in", path)
            close(descriptor)
            throw error
        }
        return descriptor
    }

    /// Options that each kernel has.
    private static func set(_ descriptor: CInt, _ level: CInt, _ option: CInt, _ value: CInt) {
        var value = value
        setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<CInt>.size))
    }

    private static func failed(_ what: String, _ path: String) -> NetworkPlaneError {
        NetworkPlaneError(
            .file, "cannot \(what) \(path): \(String(cString: strerror(errno)))")
    }
}
