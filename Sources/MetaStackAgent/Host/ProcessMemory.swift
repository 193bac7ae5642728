import CMemory
import Foundation
public import Logging
public import ServiceLifecycle

/// Keeps the agent small: it lives beside guests that pay for its memory.
///
/// Ends by cancellation, at once.
public struct ProcessMemory: Service {
    /// The start is over by then, and has touched code that nothing needs again.
    private static let firstAfter = Duration.seconds(10)
    /// Looking costs 20 microseconds.
    private static let interval = Duration.seconds(60)
    /// So much more than after the last time is worth the work: the news of 1,000 VMs, an import.
    private static let growth = 2 << 20
    private static let stackInUse: UInt = 64 << 10

    private let logger: Logger

    public init(logger: Logger) { self.logger = logger }

    /// Many threads of Ceph and libvirt would each keep an arena of freed memory (`mallopt`), and
    /// large buffers of an image import would stay. Call it before there are threads.
    public static func limitArenas() {
        _ = mallopt(M_ARENA_MAX, 2)
        _ = mallopt(M_MMAP_THRESHOLD, 128 << 10)
        _ = mallopt(M_TRIM_THRESHOLD, 128 << 10)
    }

    /// Gives back what the calling thread's stack once needed below its present end. Ceph's libraries
    /// need 850 kB of the main thread's before its program begins, which then needs hardly any.
    public static func giveBackStack() {
        var bounds = pthread_attr_t()
        guard pthread_getattr_np(pthread_self(), &bounds) == 0 else { return }
        defer { pthread_attr_destroy(&bounds) }
        var (lowest, size): (UnsafeMutableRawPointer?, Int) = (nil, 0)
        guard pthread_attr_getstack(&bounds, &lowest, &size) == 0, let lowest else { return }
        let present = withUnsafeMutableBytes(of: &size) { UInt(bitPattern: $0.baseAddress) }
        let page = UInt(sysconf(CInt(_SC_PAGESIZE)))
        // What is called from here needs some of it, too.
        let end = (present - stackInUse) / page * page
        let start = UInt(bitPattern: lowest)
        guard start < end, end - start < size else { return }
        // Of the main thread's a part was never there; the kernel passes it over.
        madvise(lowest, Int(end - start), MADV_DONTNEED)
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            var pause = Self.firstAfter
            var known = 0
            // Cancelled: there is nothing to give back any more.
            while (try? await Task.sleep(for: pause)) != nil {
                pause = Self.interval
                guard Self.isWorthIt(resident: Self.resident(), known: known) else { continue }
                Self.giveBack()
                known = Self.resident()
                logger.debug(
                    "unused memory given back",
                    metadata: ["left": "\(known)", "allocated": "\(Self.allocated())"])
            }
        }
    }

    /// - Parameter known: what was left the last time.
    static func isWorthIt(resident: Int, known: Int) -> Bool { resident - known > growth }

    /// What the process has in memory, pages of programs among it, in bytes (the second number of
    /// `/proc/self/statm`); 0 where the kernel does not say.
    static func resident() -> Int {
        let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)  // As it says.
        let pages = text?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * sysconf(CInt(_SC_PAGESIZE))
    }

    /// What has been allocated and not freed, in bytes (`mallinfo2`); what is resident beyond that is of
    /// the allocator, of stacks, and of programs.
    public static func allocated() -> Int {
        let counts = mallinfo2()
        return Int(counts.uordblks + counts.hblkhd)
    }

    /// Gives back freed memory (`malloc_trim`) and unmaps the pages of programs and libraries that
    /// cannot have been written to (`madvise` with `MADV_DONTNEED`). These stay in the page cache:
    /// what is needed again is mapped again in about a microsecond, without a read.
    public static func giveBack() {
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
