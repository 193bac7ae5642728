import Foundation
import Glibc

/// A directory of a test's own (`mkdtemp`).
public struct TemporaryDirectory: Sendable {
    public let path: String

    /// - Throws: `TestingError` where the temporary directory takes no further one.
    public init(prefix: String) throws {
        var template = Array("\(NSTemporaryDirectory())/\(prefix)-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw TestingError("cannot make a directory in \(NSTemporaryDirectory())")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Removes it with all that is in it.
    public func remove() {
        // Clean-up: what cannot be removed lies in the temporary directory and harms nobody.
        try? FileManager.default.removeItem(atPath: path)
    }
}

/// Ports of 127.0.0.1.
enum LoopbackPort {
    /// One that nobody listens on now (`bind` to port 0 and `getsockname`).
    static func free() throws -> Int {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard listener >= 0 else { throw TestingError("cannot open a socket: errno \(errno)") }
        defer { close(listener) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let result = withUnsafeMutableBytes(of: &address) { bytes in
            let pointer = bytes.assumingMemoryBound(to: sockaddr.self).baseAddress
            guard let pointer, bind(listener, pointer, size) == 0 else { return Int32(-1) }
            return getsockname(listener, pointer, &size)
        }
        guard result == 0 else { throw TestingError("no free port on 127.0.0.1") }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
