import CMemory
import Glibc
import Logging
import ServiceLifecycle

/// Keeps the agent small: it lives beside guests that pay for its memory.
///
/// Ends by cancellation, at once.
struct ProcessMemory: Service {
    /// The start is over by then, and has touched code that nothing needs again.
    private static let firstAfter = Duration.seconds(10)
    private static let interval = Duration.seconds(600)

    let logger: Logger

    /// Many threads of Ceph and libvirt would each keep an arena of freed memory (`mallopt`), and
    /// large buffers of an image import would stay. Call it before there are threads.
    static func limitArenas() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_MMAP_THRESHOLD, 128 << 10)
        _ = mallopt(M_TRIM_THRESHOLD, 128 << 10)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = Self.firstAfter
            // Cancelled: there is nothing to give back any more.
            while (try? await Task.sleep(for: pause)) != nil {
                Self.giveBack()
                logger.debug("unused memory given back")
                pause = Self.interval
            }
        }
    }

    /// Gives back freed memory (`malloc_trim`) and unmaps the pages of programs and libraries that
    /// cannot have been written to (`madvise` with `MADV_DONTNEED`). These stay in the page cache:
    /// what is needed again is mapped again in about a microsecond, without a read.
    private static func giveBack() {
        malloc_trim(0)
        dl_iterate_phdr(dropCleanSegments, nil)
    }
}

/// For `dl_iterate_phdr`: the segments that were never writable are as they are in their file.
/// Relocated ones are not, although they are read-only by now: they carry `PF_W`.
private func dropCleanSegments(
    _ object: UnsafeMutablePointer<dl_phdr_info>?, _: Int, _: UnsafeMutableRawPointer?
) -> CInt {
    guard let object = object?.pointee else { return 0 }
    let page = UInt(sysconf(CInt(_SC_PAGESIZE)))
    for segment in UnsafeBufferPointer(start: object.dlpi_phdr, count: Int(object.dlpi_phnum))
    where segment.p_type == UInt32(PT_LOAD) && segment.p_flags & UInt32(PF_W) == 0 {
        let start = UInt(object.dlpi_addr) + UInt(segment.p_vaddr)
        let first = (start + page - 1) / page * page
        let end = (start + UInt(segment.p_memsz)) / page * page
        guard first < end else { continue }
        // What the kernel does not want to drop, such as its own vdso, stays.
        madvise(UnsafeMutableRawPointer(bitPattern: first), Int(end - first), MADV_DONTNEED)
    }
    return 0
}
