internal import CISOFS

import Glibc
import Synchronization

/// A read-only file system as a CD-ROM has it (ISO 9660, with Rock Ridge and Joliet for names in lower
/// case), made in memory by libisofs: what is in it never touches a disk of this host.
public enum ISO9660Image {
    /// libisofs reads in sectors of this size.
    private static let sector = 2048
    /// Its messages stand in one queue for the whole process.
    private static let turn = Mutex(())
    private static let isReady: Int32 = iso_init()

    /// A whole file system with some files in its only folder (`iso_image_create_burn_source`). Takes a
    /// millisecond or two for a few hundred kilobytes.
    ///
    /// - Parameters:
    ///   - label: the volume's id, in capitals and digits.
    ///   - files: bytes by name.
    /// - Throws: `ISO9660Error`.
    public static func make(
        label: String, files: [String: [UInt8]]
    ) throws(ISO9660Error) -> [UInt8] {
        let result = turn.withLock { _ in
            Result { () throws(ISO9660Error) in
                try checked(isReady, "make ready")
                // What goes wrong is told by what the functions return.
                iso_set_msgs_severities(mutable("NEVER"), mutable("NEVER"), mutable(""))
                return try Tree(label: label, files: files).bytes()
            }
        }
        return try result.get()
    }

    private static func mutable(_ text: StaticString) -> UnsafeMutablePointer<CChar>? {
        // libisofs only reads them, and takes what is not const.
        UnsafeMutableRawPointer(mutating: text.utf8Start).assumingMemoryBound(to: CChar.self)
    }

    /// The folder and its files, before they are written.
    private final class Tree {
        private let image: OpaquePointer

        init(label: String, files: [String: [UInt8]]) throws(ISO9660Error) {
            var image: OpaquePointer?
            try checked(iso_image_new(label, &image), "begin")
            guard let image else { throw ISO9660Error(code: 0, attempt: "begin") }
            self.image = image
            for (name, bytes) in files.sorted(by: { $0.key < $1.key }) { try add(name, bytes) }
        }

        deinit { iso_image_unref(image) }

        private func add(_ name: String, _ bytes: [UInt8]) throws(ISO9660Error) {
            // The stream frees it with its last reference, so it is C's own memory.
            guard let copy = malloc(max(bytes.count, 1)) else {
                throw ISO9660Error(code: 0, attempt: "add \(name)")
            }
            bytes.withUnsafeBytes { source in
                if let start = source.baseAddress {
                    copy.copyMemory(from: start, byteCount: source.count)
                }
            }
            var stream: UnsafeMutablePointer<IsoStream>?
            let made = iso_memory_stream_new(
                copy.assumingMemoryBound(to: UInt8.self), bytes.count, &stream)
            if made < 0 { free(copy) }
            try checked(made, "add \(name)")
            let added = iso_tree_add_new_file(iso_image_get_root(image), name, stream, nil)
            if added < 0 { iso_stream_unref(stream) }
            try checked(added, "add \(name)")
        }

        func bytes() throws(ISO9660Error) -> [UInt8] {
            var options: OpaquePointer?
            try checked(iso_write_opts_new(&options, 0), "set options")
            defer { iso_write_opts_free(options) }
            try checked(iso_write_opts_set_rockridge(options, 1), "set options")
            try checked(iso_write_opts_set_joliet(options, 1), "set options")
            var source: UnsafeMutablePointer<burn_source>?
            try checked(iso_image_create_burn_source(image, options, &source), "write")
            guard let source else { throw ISO9660Error(code: 0, attempt: "write") }
            defer {
                source.pointee.free_data?(source)
                free(source)
            }
            return try read(source)
        }

        /// A thread of libisofs's own writes what is read here.
        private func read(
            _ source: UnsafeMutablePointer<burn_source>
        ) throws(ISO9660Error) -> [UInt8] {
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: ISO9660Image.sector)
            while true {
                let count = source.pointee.read_xt?(source, &buffer, Int32(buffer.count)) ?? -1
                guard count >= 0 else { throw ISO9660Error(code: count, attempt: "write") }
                guard count > 0 else { return bytes }
                bytes += buffer.prefix(Int(count))
            }
        }
    }
}

/// Why there is no image.
public struct ISO9660Error: Error, Sendable, Equatable, CustomStringConvertible {
    /// libisofs's, below 0; 0 where there was no memory.
    public let code: Int32
    /// What was tried.
    public let attempt: String
    /// libisofs's words.
    public let message: String

    init(code: Int32, attempt: String) {
        self.code = code
        self.attempt = attempt
        message =
            code == 0
            ? "there is no memory"
            : iso_error_to_msg(code).map { String(cString: $0) } ?? "error \(code)"
    }

    public var description: String { "cannot make an ISO 9660 image (\(attempt)): \(message)" }
}

/// libisofs's functions return less than 0 for an error.
private func checked(_ code: Int32, _ attempt: String) throws(ISO9660Error) {
    guard code < 0 else { return }
    throw ISO9660Error(code: code, attempt: attempt)
}
