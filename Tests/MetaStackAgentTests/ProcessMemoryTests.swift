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
}
