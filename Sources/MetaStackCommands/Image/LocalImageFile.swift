import Crypto
import Foundation
import MetaStackManagement
import MetaStackModel

/// What can be told of an image's file on this machine before any node fetches it.
struct LocalImageFile: Sendable, Equatable {
    /// Absolute, without `.` and `..`.
    let path: String
    let checksum: Checksum
    let format: Image.Format

    private static let chunk = 1 << 20
    /// The first four bytes of a qcow2 file (QEMU, docs/interop/qcow2.rst).
    private static let qcow2Magic = Data([0x51, 0x46, 0x49, 0xfb])

    /// Reads the whole file once, a chunk at a time.
    ///
    /// - Parameter path: relative to the present directory, or absolute.
    /// - Throws: `CommandFailure` where it is no file that can be read, or is empty.
    init(_ path: String) throws {
        let url = URL(filePath: path).standardizedFileURL
        self.path = url.path
        var isDirectory: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
            throw CommandFailure(.notFound, "there is no file \(self.path.quotedForPeople)")
        }
        guard !isDirectory.boolValue else {
            throw CommandFailure(.usage, "\(self.path.quotedForPeople) is a folder, name a file")
        }
        do {
            let file = try FileHandle(forReadingFrom: url)
            defer { try? file.close() }  // It was only read; there is nothing to lose.
            var hash = SHA256()
            var start = Data()
            while let data = try file.read(upToCount: Self.chunk), !data.isEmpty {
                if start.count < Self.qcow2Magic.count { start.append(data) }
                hash.update(data: data)
            }
            guard !start.isEmpty else {
                throw CommandFailure(.usage, "\(self.path.quotedForPeople) is empty")
            }
            format = start.starts(with: Self.qcow2Magic) ? .qcow2 : .raw
            checksum = try Checksum(hash.finalize().map(Self.hexadecimal).joined())
        } catch let error as CocoaError {
            throw CommandFailure(
                .failed, "cannot read \(self.path.quotedForPeople): \(error.localizedDescription)")
        }
    }

    private static func hexadecimal(_ byte: UInt8) -> String {
        (byte < 16 ? "0" : "") + String(byte, radix: 16)
    }
}
