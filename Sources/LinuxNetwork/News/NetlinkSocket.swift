import CNetlink
import Dispatch
import Glibc

/// A socket of netlink(7) that hears what the kernel tells of itself: whoever waits for that costs
/// nothing meanwhile.
enum NetlinkSocket {
    /// Room for what comes in one transaction of nftables that makes the rules of hundreds of guests, in bytes.
    private static let room: CInt = 8 << 20

    /// What the kernel tells of links, addresses, routes and neighbours (rtnetlink(7)).
    ///
    /// The socket is in the network namespace of the calling thread.
    ///
    /// - Parameter groups: such as `RTNLGRP_LINK`, up to 32.
    static func routes(_ groups: [rtnetlink_groups]) throws(NetworkPlaneError) -> CInt {
        try open(NETLINK_ROUTE, groups.map(\.rawValue))
    }

    /// What the kernel tells of changes to the tables of nftables.
    static func tables() throws(NetworkPlaneError) -> CInt {
        try open(NETLINK_NETFILTER, [NFNLGRP_NFTABLES.rawValue])
    }

    private static func open(
        _ family: CInt, _ groups: [UInt32]
    ) throws(NetworkPlaneError) -> CInt {
        let kind = SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(AF_NETLINK, CInt(kind), family)
        guard descriptor >= 0 else { throw refusal() }
        var room = room
        // Without it more is lost, which whoever listens is told.
        setsockopt(
            descriptor, SOL_SOCKET, SO_RCVBUFFORCE, &room, socklen_t(MemoryLayout<CInt>.size))
        var address = sockaddr_nl()
        address.nl_family = __kernel_sa_family_t(AF_NETLINK)
        // A group's bit is that of its number, from one on.
        address.nl_groups = groups.reduce(0) { $0 | 1 << ($1 - 1) }
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
            .command, "the kernel does not tell of changes: \(String(cString: strerror(errno)))")
    }

    /// Reads all there is.
    ///
    /// - Returns: nil where something did not fit (ENOBUFS), and is lost.
    static func drain(_ descriptor: CInt) -> [NetlinkMessage]? {
        // No message of these groups is as long.
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var found: [NetlinkMessage]? = []
        while true {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 {
                found?.append(contentsOf: NetlinkMessage.all(in: buffer[..<count]))
            } else if count < 0 && errno == ENOBUFS {
                found = nil
            } else if count == 0 || errno != EINTR {
                return found
            }
        }
    }
}

/// Calls somebody whenever a descriptor can be read, until it is cancelled; then the descriptor is closed.
///
/// `@unchecked Sendable`: Dispatch's sources may be cancelled from any thread, which their type does
/// not say.
final class ReadableDescriptor: @unchecked Sendable {
    private let source: any DispatchSourceRead

    init(_ descriptor: CInt, name: String, then: @escaping @Sendable () -> Void) {
        source = DispatchSource.makeReadSource(
            fileDescriptor: descriptor, queue: DispatchQueue(label: name))
        source.setEventHandler(handler: then)
        source.setCancelHandler { close(descriptor) }
        source.activate()
    }

    deinit { source.cancel() }

    func cancel() { source.cancel() }
}
