import Foundation
import Testing

@testable import MetaStackAgent

struct ProcessMemoryTests {
    @Test func isWorthItWhereItHasGrown() {
        #expect(ProcessMemory.isWorthIt(resident: 30 << 20, known: 0), "the first time")
        #expect(!ProcessMemory.isWorthIt(resident: 31 << 20, known: 30 << 20))
        #expect(ProcessMemory.isWorthIt(resident: 33 << 20, known: 30 << 20))
        #expect(!ProcessMemory.isWorthIt(resident: 20 << 20, known: 30 << 20))
    }

    /// Freed memory stays with the process as long as something behind it is in use: here every
    /// hundredth piece.
    @Test func givesBackWhatWasFreed() {
        let size = 4000
        var kept: [UnsafeMutableRawPointer] = []
        let before = ProcessMemory.resident()
        let pieces = (0..<50_000).map { _ in
            let piece = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
            piece.initializeMemory(as: UInt8.self, repeating: 1, count: size)
            return piece
        }
        let full = ProcessMemory.resident()
        for (number, piece) in pieces.enumerated() {
            if number % 100 == 0 { kept.append(piece) } else { piece.deallocate() }
        }
        ProcessMemory.giveBack()
        let left = ProcessMemory.resident()
        for piece in kept { piece.deallocate() }
        let megabytes = { (bytes: Int) in bytes >> 20 }
        #expect(megabytes(full - before) > 100)
        #expect(megabytes(full - left) > 100)
    }

    @Test func countsWhatIsAllocatedAndNotFreed() {
        let before = ProcessMemory.allocated()
        let piece = UnsafeMutableRawPointer.allocate(byteCount: 32 << 20, alignment: 16)
        // Other tests allocate and free meanwhile.
        let during = ProcessMemory.allocated()
        piece.deallocate()
        #expect(during - before > 24 << 20)
    }

    /// On a thread of its own: nobody else's calls are below this one's.
    @Test func givesBackWhatAStackOnceNeeded() async {
        let (deep, left, sum) = await withCheckedContinuation { done in
            let thread = Thread {
                let sum = Self.needStack(1000)
                let deep = Self.residentStack()
                ProcessMemory.giveBackStack()
                done.resume(returning: (deep, Self.residentStack(), sum))
            }
            thread.stackSize = 4 << 20
            thread.start()
        }
        #expect(sum > 0)
        #expect(deep >= 1000 << 10)
        #expect(left < 200 << 10)
    }

    /// A kibibyte for each call.
    @inline(never)
    private static func needStack(_ calls: Int) -> Int {
        withUnsafeTemporaryAllocation(byteCount: 1024, alignment: 16) { piece in
            piece.initializeMemory(as: UInt8.self, repeating: 1)
            return calls == 0 ? 0 : needStack(calls - 1) + Int(piece[calls % 1024])
        }
    }

    /// Resident bytes of the mapping that a variable here is in.
    private static func residentStack() -> Int {
        var here = 0
        let address = withUnsafeMutableBytes(of: &here) { Int(bitPattern: $0.baseAddress) }
        // No mapping where the kernel does not say.
        let text = (try? kernelText("/proc/self/smaps")) ?? ""
        let mappings = text.split(separator: "\n").split { $0.hasPrefix("VmFlags:") }
        for lines in mappings {
            let bounds = lines.first?.split(separator: " ").first?.split(separator: "-")
                .compactMap { Int($0, radix: 16) }
            guard let bounds, bounds.count == 2, (bounds[0]..<bounds[1]).contains(address) else {
                continue
            }
            let line = lines.first { $0.hasPrefix("Rss:") } ?? ""
            return (Int(line.filter(\.isNumber)) ?? 0) << 10
        }
        return 0
    }
}
