import CNetlink

/// Tells that a link of a network namespace has come, gone or changed.
///
/// The kernel says so itself, by rtnetlink(7)'s group `RTNLGRP_LINK`. What has changed is for the
/// listener to look at: changes that come while it does so are one.
public enum LinkChanges {
    /// Changes of the process's own namespace from now on, for one listener; ends with the listener's
    /// task.
    ///
    /// - Throws: `NetworkPlaneError` where the kernel gives no such socket.
    public static func stream() throws(NetworkPlaneError) -> AsyncStream<Void> {
        stream(of: try NetlinkSocket.routes([RTNLGRP_LINK]))
    }

    /// The same of another namespace.
    ///
    /// - Parameter path: the namespace, as a file.
    static func stream(in path: String) async throws(NetworkPlaneError) -> AsyncStream<Void> {
        let descriptor = try await Namespaces.inside(path) { () throws(NetworkPlaneError) in
            try NetlinkSocket.routes([RTNLGRP_LINK])
        }
        return stream(of: descriptor)
    }

    private static func stream(of descriptor: CInt) -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream<Void>.makeStream(
            bufferingPolicy: .bufferingNewest(1))
        let source = ReadableDescriptor(descriptor, name: "metastack.links") {
            // What was lost is a change like the others.
            _ = NetlinkSocket.drain(descriptor)
            continuation.yield()
        }
        // The source is kept by the stream, and goes with it.
        continuation.onTermination = { _ in source.cancel() }
        return stream
    }
}
