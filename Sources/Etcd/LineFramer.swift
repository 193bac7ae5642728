import FoundationEssentials
import Glibc

/// Cuts a stream of bytes into lines. The pieces it is fed are cut anywhere.
struct LineFramer {
    private var buffer = Data()
    /// Bytes at the front that were handed out already.
    private var start = 0
    /// Bytes behind `start` that hold no line feed.
    private var searched = 0

    /// Bytes that wait for their line feed.
    var pendingBytes: Int { buffer.count - start }

    mutating func append(_ piece: Data) {
        if start > 0 {
            buffer.removeSubrange(buffer.startIndex..<(buffer.startIndex + start))
            start = 0
        }
        buffer.append(piece)
    }

    /// The next whole line without its line feed, nil where there is none yet. Empty lines are
    /// skipped.
    mutating func nextLine() -> Data? {
        while let length = nextLineFeed() {
            let first = buffer.startIndex + start
            let line = buffer[first..<(first + length)]
            start += length + 1
            searched = 0
            if !line.isEmpty { return Data(line) }
        }
        searched = pendingBytes
        return nil
    }

    /// How many bytes stand before the next line feed (`memchr`).
    private func nextLineFeed() -> Int? {
        buffer.withUnsafeBytes { bytes in
            let from = start + searched
            guard let base = bytes.baseAddress, from < bytes.count,
                let found = memchr(base + from, 0x0a, bytes.count - from)
            else { return nil }
            return UnsafeRawPointer(found) - (base + start)
        }
    }
}
