import Foundation
public import MetaStackModel

/// Brings an image's file to this node, checked and raw.
public protocol ImageFiles: Sendable {
    /// - Parameter progress: bytes done and bytes in all, where they are known.
    /// - Throws: `ImageFileError`.
    func fetch(
        _ image: Image, as id: ImageID,
        progress: @escaping @Sendable (Int64, Int64?) async -> Void
    ) async throws -> FetchedFile
}

/// A raw file that is ready to be stored.
public struct FetchedFile: Sendable {
    public var rawPath: String
    /// Of the file as it was fetched.
    public var checksum: Checksum
    /// Files of this node's own making.
    public var scratch: [String]

    public init(rawPath: String, checksum: Checksum, scratch: [String] = []) {
        self.rawPath = rawPath
        self.checksum = checksum
        self.scratch = scratch
    }

    func discard() {
        for path in scratch {
            try? FileManager.default.removeItem(atPath: path)  // Nothing depends on it any more.
        }
    }
}

/// Why an image cannot be imported, for whoever asked for it.
enum ImageFileError: Error, CustomStringConvertible {
    case unreadable(path: String, host: HostID, reason: String)
    case download(url: String, reason: String)
    case checksum(expected: Checksum, found: Checksum)
    case notAnImage(reason: String)
    case backingFile(String)
    case lost(ImageID)

    /// Whether trying again would change nothing.
    var isFinal: Bool {
        switch self {
        case .checksum, .notAnImage, .backingFile: true
        case .unreadable, .download, .lost: false
        }
    }

    var description: String {
        switch self {
        case .unreadable(let path, let host, let reason):
            "cannot read \(path) on host \(host): \(reason)"
        case .download(let url, let reason):
            "cannot fetch \(url): \(reason)"
        case .checksum(let expected, let found):
            "the file's checksum is \(found), \(expected) was given"
        case .notAnImage(let reason):
            "the file is no disk image: \(reason)"
        case .backingFile(let name):
            "the image depends on another file, \(name.quotedForPeople): give one that stands by "
                + "itself"
        case .lost(let image):
            "another node has taken image \(image) over"
        }
    }
}
