import Foundation
import MetaStackTesting
import Testing

struct MemoryPartsTests {
    /// - Parameters: as in proc(5): one mapping, with the lines that count.
    private func mapping(
        _ bounds: String, _ access: String, _ name: String, resident: Int, own: Int
    ) -> String {
        """
        \(bounds) \(access) 00000000 fe:00 1234                     \(name)
        Size:               1000 kB
        Rss:                \(resident) kB
        Pss:                   1 kB
        Anonymous:          \(own) kB
        AnonHugePages:         0 kB
        VmFlags: rd wr mr mw me ac

        """
    }

    @Test func tellsWhatMemoryIsFor() {
        let text = [
            mapping("1000-5000", "r-xp", "/usr/bin/agent", resident: 100, own: 0),
            mapping("5000-6000", "r--p", "/usr/bin/agent", resident: 12, own: 10),
            mapping("6000-7000", "rw-p", "/usr/bin/agent", resident: 7, own: 7),
            mapping("7000-9000", "rw-p", "", resident: 5, own: 5),
            mapping("a000-ff000", "rw-p", "[heap]", resident: 2000, own: 2000),
            mapping("7f0000000000-7f0000021000", "rw-p", "", resident: 300, own: 300),
            mapping("7f0000021000-7f0004000000", "---p", "", resident: 0, own: 0),
            mapping("7f0004000000-7f0004021000", "rw-p", "", resident: 40, own: 40),
            mapping("7f0005000000-7f0005001000", "---p", "", resident: 0, own: 0),
            mapping("7f0005001000-7f0005801000", "rw-p", "", resident: 33, own: 33),
            mapping("7f0006000000-7f0006100000", "r-xp", "/lib/a b.so", resident: 50, own: 0),
            mapping("7ffc00000000-7ffc00100000", "rw-p", "[stack]", resident: 900, own: 900),
            mapping("7ffd00000000-7ffd00001000", "r-xp", "[vdso]", resident: 4, own: 0),
        ].joined()
        let parts = MemoryParts(smaps: text)
        #expect(parts.allocator == 2000 + 300 + 40)
        #expect(parts.stacks == 33 + 900)
        #expect(parts.written == 10 + 7 + 5)
        #expect(parts.clean == ["agent": 102, "a b.so": 50, "kernel": 4])
        #expect(parts.own == 3295)
        #expect(parts.resident == 3451)
    }

    @Test func addsUpToWhatTheKernelSays() throws {
        let process = Process()
        let (input, output) = (Pipe(), Pipe())
        process.executableURL = URL(filePath: "/bin/cat")
        (process.standardInput, process.standardOutput) = (input, output)
        try process.run()
        defer { process.terminate() }
        // When it has said something it waits for more, and its memory stays as it is.
        try input.fileHandleForWriting.write(contentsOf: Data("x".utf8))
        #expect(try output.fileHandleForReading.read(upToCount: 1) == Data("x".utf8))
        func text(_ name: String) throws -> String {
            try kernelText("/proc/\(process.processIdentifier)/\(name)")
        }
        let sums = try text("smaps_rollup").split(separator: "\n")
        func sum(_ field: String) -> Int? {
            sums.first { $0.hasPrefix(field) }.flatMap { Int($0.filter(\.isNumber)) }
        }
        let parts = MemoryParts(smaps: try text("smaps"))
        #expect(parts.resident == sum("Rss:"))
        #expect(parts.own == sum("Anonymous:"))
        #expect(parts.own > 0 && parts.clean.keys.contains { $0.hasPrefix("libc") })
    }
}

/// A file that the kernel makes up while it is read: it has no size, and comes page by page.
func kernelText(_ path: String) throws -> String {
    let file = try FileHandle(forReadingFrom: URL(filePath: path))
    var data = Data()
    while let piece = try file.read(upToCount: 1 << 16), !piece.isEmpty { data += piece }
    return String(decoding: data, as: UTF8.self)
}
