import Foundation

/// A syslog server for tests: a socket on loopback that is read with a deadline.
final class TestServer {
    let descriptor: Int32
    let port: UInt16
    private var received: [UInt8] = []

    /// UDP or TCP on 127.0.0.1; port 0 takes a free one.
    init(type: __socket_type, port: UInt16 = 0) throws {
        let descriptor = socket(AF_INET, Int32(type.rawValue | SOCK_CLOEXEC.rawValue), 0)
        self.descriptor = descriptor
        var yes: Int32 = 1
        setsockopt(
            descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout.size(ofValue: yes)))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, length) == 0
                    && getsockname(descriptor, generic, &length) == 0
            }
        }
        self.port = UInt16(bigEndian: address.sin_port)
        guard bound, type == SOCK_DGRAM || listen(descriptor, 8) == 0 else {
            throw TestFailure("cannot listen on 127.0.0.1:\(port): errno \(errno)")
        }
    }

    /// A datagram socket in the file system.
    init(path: String) throws {
        let descriptor = socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0)
        self.descriptor = descriptor
        port = 0
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { field in
            field.copyBytes(from: path.utf8.prefix(field.count - 1))
        }
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(descriptor, generic, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
            }
        }
        guard bound else { throw TestFailure("cannot bind \(path): errno \(errno)") }
    }

    /// One that a listening server has accepted.
    private init(accepted: Int32) {
        descriptor = accepted
        port = 0
    }

    deinit { close(descriptor) }

    /// The next connection.
    func accept() throws -> TestServer {
        try waitReadable()
        let connection = Foundation.accept(descriptor, nil, nil)
        // Children of other tests must not hold the connection open.
        _ = fcntl(connection, F_SETFD, FD_CLOEXEC)
        return TestServer(accepted: connection)
    }

    /// The next datagram.
    func datagram() throws -> String {
        try waitReadable()
        var bytes = [UInt8](repeating: 0, count: 65536)
        let count = recv(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { throw TestFailure("no datagram: errno \(errno)") }
        return String(decoding: bytes.prefix(count), as: UTF8.self)
    }

    /// The next frame of RFC 6587: its length in decimal, a blank, its bytes.
    func frame() throws -> String {
        while true {
            if let blank = received.firstIndex(of: 32) {
                let digits = String(decoding: received[..<blank], as: UTF8.self)
                guard let length = Int(digits) else { throw TestFailure("no length: \(digits)") }
                let end = blank + 1 + length
                if received.count >= end {
                    defer { received.removeFirst(end) }
                    return String(decoding: received[(blank + 1)..<end], as: UTF8.self)
                }
            }
            try waitReadable()
            var bytes = [UInt8](repeating: 0, count: 65536)
            let count = recv(descriptor, &bytes, bytes.count, 0)
            guard count > 0 else { throw TestFailure("the connection has ended") }
            received += bytes.prefix(count)
        }
    }

    /// Ten seconds for what takes microseconds: only a broken program makes a test wait that long.
    private func waitReadable() throws {
        var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, 10_000) == 1 else { throw TestFailure("nothing came in 10 s") }
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// A pipe that a handler writes to; `lines` closes it and returns what it held.
final class CapturedOutput {
    private let pipe = Pipe()
    var descriptor: Int32 { pipe.fileHandleForWriting.fileDescriptor }

    func lines() throws -> [String] {
        try pipe.fileHandleForWriting.close()
        let text = String(
            decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        guard text.isEmpty || text.hasSuffix("\n") else { throw TestFailure("no newline") }
        return text.split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
            String.init)
    }
}

/// Text that would break a line, a frame, a JSON string or a terminal.
let hostile = [
    "two\nlines", "a\r\nb", "quote\" and \\ back", "nul\0", "\u{1b}[31mred", "\u{2028}line",
    "\u{85}next", "{\"x\":1}", "k=v", "", "größe 😀", "\u{202e}rev", "\u{7f}", "\\", "\\n",
]
