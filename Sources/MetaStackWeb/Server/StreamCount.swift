import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

/// How many event streams are open, and how many may be.
final class StreamCount: Sendable {
    static let most = 4096
    private let open = Mutex(0)

    var now: Int { open.withLock(\.self) }

    /// - Throws: `Problem` (503) where no further one may be opened.
    fileprivate func begin() throws {
        let isFull = open.withLock { open in
            guard open < Self.most else { return true }
            open += 1
            return false
        }
        if isFull {
            throw Problem(.serviceUnavailable, "\(Self.most) event streams are open already")
        }
    }

    fileprivate func end() { open.withLock { $0 -= 1 } }
}

extension Response {
    /// A stream of server-sent events, written until the other end goes or the source ends.
    static func events(
        counted streams: StreamCount,
        _ write: @escaping @Sendable (inout any ResponseBodyWriter) async throws -> Void
    ) -> Response {
        var headers = HTTPFields()
        headers[.contentType] = "text/event-stream"
        headers[.cacheControl] = "no-store"
        let body = ResponseBody { writer in
            try streams.begin()
            defer { streams.end() }
            try await write(&writer)
            try await writer.finish(nil)
        }
        return Response(status: .ok, headers: headers, body: body)
    }
}
