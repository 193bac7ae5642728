import Dispatch
import Foundation
import Glibc
import Synchronization

/// A server on 127.0.0.1 that answers exactly the bytes a test wants, when it wants.
///
/// Each connection has a thread of its own, on which `answer` runs; the connection closes when it
/// returns. Blocking calls are fine there: nothing of Swift's pool is held up.
final class RawServer: Sendable {
    let url: String
    private let listener: Int32
    private let accepted = Mutex(0)

    var connectionCount: Int { accepted.withLock { $0 } }

    init(_ answer: @escaping @Sendable (RawConnection) -> Void) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(listener, generic, size) == 0 && listen(listener, 128) == 0
                    ? getsockname(listener, generic, &size) : -1
            }
        }
        guard result == 0 else { throw ServerError.cannotListen(errno) }
        self.listener = listener
        url = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        DispatchQueue(label: "raw-server").async { [weak self] in
            while true {
                let socket = accept(listener, nil, nil)
                guard socket >= 0 else { return }
                // Children of other tests must not hold the connection open.
                _ = fcntl(socket, F_SETFD, FD_CLOEXEC)
                self?.accepted.withLock { $0 += 1 }
                DispatchQueue(label: "raw-connection").async {
                    answer(RawConnection(socket: socket))
                    close(socket)
                }
            }
        }
    }

    deinit {
        // Ends the `accept` that waits.
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
    }
}

enum ServerError: Error {
    case cannotListen(Int32)
}

/// One connection, seen from the server.
struct RawConnection: Sendable {
    let socket: Int32

    /// The next request with its body; nil where the client has closed.
    func request() -> String? {
        var text = ""
        while true {
            if let end = text.range(of: "\r\n\r\n") {
                let length = Self.contentLength(text[..<end.lowerBound])
                if text[end.upperBound...].utf8.count >= length { return text }
            }
            guard let piece = read() else { return nil }
            text += piece
        }
    }

    /// Waits for the client to close; false where it sends something instead.
    func waitForClose() -> Bool { read() == nil }

    /// False where the client has closed.
    @discardableResult
    func write(_ text: String) -> Bool {
        let bytes = Array(text.utf8)
        var sent = 0
        while sent < bytes.count {
            let count = send(
                socket, Array(bytes[sent...]), bytes.count - sent, Int32(MSG_NOSIGNAL))
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    func answer(_ body: String, status: String = "200 OK", header: String = "") {
        write("HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\(header)\r\n\(body)")
    }

    private func read() -> String? {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = recv(socket, &buffer, buffer.count, 0)
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : nil
    }

    private static func contentLength(_ head: Substring) -> Int {
        for line in head.split(separator: "\r\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == "content-length" {
                return Int(parts[1].drop { $0 == " " }) ?? 0
            }
        }
        return 0
    }
}

/// A fact that one thread finds out and a test waits for.
final class Signal<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    func send(_ value: Value) { continuation.yield(value) }

    /// The next value; nil after `limit`.
    func wait(_ limit: Duration = .seconds(10)) async -> Value? {
        await withTaskGroup(of: Value?.self) { group in
            group.addTask { [stream] in await stream.first { _ in true } }
            // Cancelled as soon as the value is here; the error of that says nothing.
            group.addTask {
                try? await Task.sleep(for: limit); return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
