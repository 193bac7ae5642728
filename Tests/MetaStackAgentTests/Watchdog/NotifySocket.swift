import Foundation

/// A service manager's end of the notification protocol: a socket that keeps every message.
final class NotifySocket {
    /// What `$NOTIFY_SOCKET` says.
    let name: String
    private let descriptor: Int32
    private let file: String?

    /// - Parameter isAbstract: a name in the abstract namespace instead of a file.
    init(isAbstract: Bool = false) throws {
        let id = UUID().uuidString
        let path = isAbstract ? "@metastack-test/\(id)" : "/tmp/metastack-notify-\(id)"
        name = path
        file = isAbstract ? nil : path
        descriptor = socket(
            AF_UNIX, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue), 0)
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        var bytes = Array(path.utf8)
        if isAbstract { bytes[0] = 0 }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = MemoryLayout<sa_family_t>.size + bytes.count + (isAbstract ? 0 : 1)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(length))
            }
        }
        guard descriptor >= 0, bound == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
    }

    deinit {
        close(descriptor)
        if let file { unlink(file) }
    }

    /// All messages that have come since the last call.
    func messages() -> [String] {
        var messages: [String] = []
        var bytes = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count >= 0 else { return messages }
            messages.append(String(decoding: bytes.prefix(count), as: UTF8.self))
        }
    }
}
