import BlockingCalls
internal import CCeph
import Glibc

/// Copies a file into an open image with several writes in flight.
///
/// A ring of buffers: each is read into, handed to librbd, and waited for before it is read into
/// again. So the memory is bounded, the order of waiting is the order of writing, and no
/// call-back runs on librbd's threads.
struct ImportWriter {
    /// Bytes of one write: a quarter of an object, so that zeros are skipped finely enough.
    static let chunkSize = 1 << 20
    /// Writes in flight; with their buffers 16 MiB for as long as an import runs.
    static let writesInFlight = 16

    let image: ImageHandle
    let path: String

    /// Copies all of the file; returns when every byte is on the OSDs.
    func copy(
        _ source: ImportSource, stop: StopFlag, call: CallProgress,
        progress: (ImportProgress) -> Void
    ) throws {
        var ring = WriteRing(image: image, path: path)
        defer { ring.drain() }
        var offset: Int64 = 0
        var reported: Int64 = 0
        while let next = try source.nextData(from: offset) {
            if stop.isRaised {
                throw CephError(.cancelled, "import image", path, "it was cancelled")
            }
            offset = next
            offset += try ring.write(source, at: offset)
            call.step()
            if (offset - reported) * 100 >= source.size, offset < source.size {
                reported = offset
                progress(ImportProgress(done: offset, total: source.size))
            }
        }
        try ring.finish()
        try checked(rbd_flush(image.pointer), "import image", path)
        progress(ImportProgress(done: source.size, total: source.size))
    }
}

/// The buffers and the writes that use them.
private struct WriteRing {
    private struct Slot {
        let buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: ImportWriter.chunkSize, alignment: 4096)
        var completion: rbd_completion_t?
    }

    let image: ImageHandle
    let path: String
    private var slots: [Slot] = []
    private var next = 0

    init(image: ImageHandle, path: String) {
        self.image = image
        self.path = path
    }

    /// Writes the chunk at the offset unless it is all zeros; returns the bytes it covers.
    mutating func write(_ source: ImportSource, at offset: Int64) throws -> Int64 {
        let index = try freeSlot()
        let buffer = slots[index].buffer
        let count = try source.read(into: buffer, at: offset)
        if isZero(buffer, count) { return Int64(count) }
        var completion: rbd_completion_t?
        try checked(rbd_aio_create_completion(nil, nil, &completion), "import image", path)
        let started = rbd_aio_write(
            image.pointer, UInt64(offset), count, buffer.bindMemory(to: CChar.self).baseAddress,
            completion)
        guard started >= 0 else {
            rbd_aio_release(completion)
            try checked(started, "import image", path)
            return 0
        }
        slots[index].completion = completion
        next = (index + 1) % ImportWriter.writesInFlight
        return Int64(count)
    }

    /// Waits for all writes.
    ///
    /// - Throws: the first one's error.
    mutating func finish() throws {
        for index in slots.indices { try wait(index) }
    }

    /// Waits for all writes, for librbd reads the buffers until then, and frees them.
    mutating func drain() {
        for index in slots.indices {
            // An error is either thrown already or follows from the one that is.
            try? wait(index)
            slots[index].buffer.deallocate()
        }
        slots = []
    }

    private mutating func freeSlot() throws -> Int {
        if next == slots.count { slots.append(Slot()) }
        try wait(next)
        return next
    }

    private mutating func wait(_ index: Int) throws(CephError) {
        guard let completion = slots[index].completion else { return }
        slots[index].completion = nil
        rbd_aio_wait_for_complete(completion)
        let result = rbd_aio_get_return_value(completion)
        rbd_aio_release(completion)
        try checked(CInt(clamping: min(result, 0)), "import image", path)
    }
}

/// Compares the bytes with themselves, one further: equal all along means all like the first.
private func isZero(_ buffer: UnsafeMutableRawBufferPointer, _ count: Int) -> Bool {
    guard count > 0, let start = buffer.baseAddress, buffer[0] == 0 else { return count == 0 }
    return memcmp(start, start + 1, count - 1) == 0
}
