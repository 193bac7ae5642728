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
