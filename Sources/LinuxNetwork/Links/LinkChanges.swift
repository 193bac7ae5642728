import CNetlink
import Dispatch
import Glibc

/// Tells that a link of the process's network namespace has come, gone or changed.
///
/// The kernel says so itself, by rtnetlink(7)'s group `RTNLGRP_LINK`, so that whoever waits costs
/// nothing meanwhile. What has changed is for the listener to look at: changes that come while it
/// does so are one.
public enum LinkChanges {
    /// Changes from now on, for one listener; ends with the listener's task.
    ///
    /// - Throws: `NetworkPlaneError` where the kernel gives no such socket.
    public static func stream() throws(NetworkPlaneError) -> AsyncStream<Void> {
        let descriptor = try open()
        let (stream, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor, queue: DispatchQueue(label: "metastack.links"))
        source.setEventHandler {
            drain(descriptor)
            continuation.yield()
        }
        source.setCancelHandler { close(descriptor) }
        // The source is kept by the stream, and goes with it.
        let owner = Owner(source)
        continuation.onTermination = { _ in owner.source.cancel() }
        source.activate()
        return stream
    }

    /// Dispatch's sources may be cancelled from any thread, which their type does not say.
    private struct Owner: @unchecked Sendable {
        let source: any DispatchSourceRead

        init(_ source: any DispatchSourceRead) { self.source = source }
    }

    private static func open() throws(NetworkPlaneError) -> Int32 {
        let kind = SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(AF_NETLINK, Int32(kind), NETLINK_ROUTE)
        guard descriptor >= 0 else { throw refusal() }
        var address = sockaddr_nl()
        address.nl_family = __kernel_sa_family_t(AF_NETLINK)
        // A group's bit is that of its number, from one on.
        address.nl_groups = 1 << (RTNLGRP_LINK.rawValue - 1)
        let length = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length)
            }
        }
        guard result == 0 else {
            let error = refusal()
            close(descriptor)
            throw error
        }
        return descriptor
    }

    private static func refusal() -> NetworkPlaneError {
        NetworkPlaneError(
            .command,
            "the kernel does not tell of changed links: \(String(cString: strerror(errno)))")
    }

    /// Reads all there is. What did not fit (ENOBUFS) is a change like the others.
    private static func drain(_ descriptor: Int32) {
        var buffer = [UInt8](repeating: 0, count: 32 << 10)
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 || count < 0 && (errno == EINTR || errno == ENOBUFS) { continue }
            return
        }
    }
}
