import NIOCore
import Synchronization

/// The connections that one socket has accepted and that have not ended.
final class OpenConnections: Sendable {
    private let channels = Mutex<[ObjectIdentifier: any Channel]>([:])

    /// C's `struct linger`: closing waits for nothing and says no good-bye. One that does keeps the network
    /// namespace of a guest that is gone for minutes.
    private struct AtOnce {
        var isOn: CInt = 1
        var seconds: CInt = 0
    }

    func note(_ channel: any Channel) {
        let id = ObjectIdentifier(channel)
        channels.withLock { $0[id] = channel }
        channel.closeFuture.whenComplete { [self] _ in
            channels.withLock { _ = $0.removeValue(forKey: id) }
        }
    }

    func closeAll() {
        let open = channels.withLock { Array($0.values) }
        for channel in open {
            guard let socket = channel as? any SocketOptionProvider else {
                channel.close(promise: nil)
                continue
            }
            socket.unsafeSetSocketOption(level: .socket, name: .so_linger, value: AtOnce())
                .whenComplete { _ in channel.close(promise: nil) }
        }
    }
}
