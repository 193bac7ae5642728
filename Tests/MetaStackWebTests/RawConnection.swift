import Foundation
import Glibc
import MetaStackTesting

/// A connection to a server on loopback on which a test says what no HTTP client would.
final class RawConnection: Sendable {
    private let socket: Int32

    init(port: Int) throws {
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(socket, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw TestingError("cannot connect to port \(port)") }
    }

    deinit { close(socket) }

    func send(_ text: String) {
        _ = text.withCString { Glibc.send(socket, $0, strlen($0), Int32(MSG_NOSIGNAL)) }
    }

    /// Whether the other end closes within some milliseconds; what it says before is left out.
    func ends(within milliseconds: Int) async -> Bool {
        let end = ContinuousClock.now + .milliseconds(milliseconds)
        while ContinuousClock.now < end {
            let left = ContinuousClock.now.duration(to: end) / .milliseconds(1)
            guard let count = await received(within: max(1, Int(left))) else { return false }
            if count <= 0 { return true }
        }
        return false
    }

    /// The bytes of one `recv`, 0 or less where the other end has closed; nil where nothing came. It waits
    /// on a thread of its own: the server has the cooperative ones.
    private func received(within milliseconds: Int) async -> Int? {
        await withCheckedContinuation { continuation in
            Thread.detachNewThread { [socket] in
                var look = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
                guard poll(&look, 1, Int32(milliseconds)) > 0 else {
                    return continuation.resume(returning: nil)
                }
                var bytes = [UInt8](repeating: 0, count: 1024)
                continuation.resume(returning: recv(socket, &bytes, bytes.count, 0))
            }
        }
    }
}
