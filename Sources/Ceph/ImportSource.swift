import Glibc

/// `SEEK_DATA` of lseek(2), which glibc shows to GNU sources only.
private let seekData: CInt = 3

/// The file that an import reads.
final class ImportSource {
    /// The file's size in bytes.
    let size: Int64
    private let path: String
    private let descriptor: CInt

    /// Opens a regular file or a block device (`open`, `lseek`).
    init(path: String) throws(CephError) {
        // A FIFO would block here for ever without O_NONBLOCK, which plain files ignore.
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            throw CephError(CephError.Code(rawValue: errno), "read file", path)
        }
        self.path = path
        self.descriptor = descriptor
        var status = stat()
        let kind = fstat(descriptor, &status) == 0 ? status.st_mode & S_IFMT : 0
        let end = kind == S_IFREG || kind == S_IFBLK ? Int64(lseek(descriptor, 0, SEEK_END)) : -1
        size = end
        if end <= 0 {
            throw CephError(
                .invalid, "import file", path,
                end == 0 ? "it is empty" : "it is neither a file nor a block device")
        }
    }

    deinit { close(descriptor) }

    /// Disks have sectors of 512 bytes, and QEMU reads no others.
    var imageSize: Int64 { (size + 511) / 512 * 512 }

    /// The next offset that is no hole (`SEEK_DATA`); nil at the end.
    func nextData(from offset: Int64) throws(CephError) -> Int64? {
        guard offset < size else { return nil }
        let found = lseek(descriptor, off_t(offset), seekData)
        if found >= 0 { return Int64(found) < size ? Int64(found) : nil }
        switch errno {
        case ENXIO: return nil
        // Holes are unknown to this file system or device: everything counts as data.
        case EINVAL, EOPNOTSUPP: return offset
        case let code: throw CephError(CephError.Code(rawValue: code), "read file", path)
        }
    }

    /// Fills the buffer (`pread`) up to the file's end; the bytes read, at least one.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int64) throws(CephError) -> Int
    {
        let wanted = Int(min(Int64(buffer.count), size - offset))
        var filled = 0
        while filled < wanted {
            let count = pread(
                descriptor, buffer.baseAddress.map { $0 + filled }, wanted - filled,
                off_t(offset) + off_t(filled))
            if count < 0 && errno == EINTR { continue }
            if count < 0 { throw CephError(CephError.Code(rawValue: errno), "read file", path) }
            guard count > 0 else {
                throw CephError(
                    CephError.Code(rawValue: EIO), "read file", path,
                    "it has become shorter than \(size) bytes")
            }
            filled += count
        }
        return wanted
    }
}
