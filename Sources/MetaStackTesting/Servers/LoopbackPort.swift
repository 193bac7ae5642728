import Glibc
import Synchronization

/// Ports of 127.0.0.1.
public enum LoopbackPort {
    /// Below those that the kernel gives to connections and to whoever asks for any port (from 32768
    /// on): nobody takes one by chance between the look and the server's own `bind`.
    private static let range = 20_000..<32_000
    private static let next = Mutex(Int.random(in: range))

    /// One that nobody listens on now, and that this process has not named lately.
    public static func free() throws -> Int {
        for _ in range {
            let port = next.withLock { next in
                defer { next = next + 1 < range.upperBound ? next + 1 : range.lowerBound }
                return next
            }
            if try canListen(on: port) { return port }
        }
        throw TestingError("no free port on 127.0.0.1 in \(range)")
    }

    /// Whether `bind` takes it.
    private static func canListen(on port: Int) throws -> Bool {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw TestingError("cannot open a socket: errno \(errno)") }
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
            return pointer.map { bind(listener, $0, size) == 0 } ?? false
        }
    }
}
