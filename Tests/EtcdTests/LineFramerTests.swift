import Foundation
import Testing

@testable import Etcd

struct LineFramerTests {
    @Test func joinsLinesThatAreCutAnywhere() {
        let text = Data("first\n\nsecond line\nthird\nrest".utf8)
        for size in 1...text.count {
            var framer = LineFramer()
            var lines: [String] = []
            for start in stride(from: 0, to: text.count, by: size) {
                framer.append(text[start..<min(start + size, text.count)])
                while let line = framer.nextLine() {
                    lines.append(String(decoding: line, as: UTF8.self))
                }
            }
            #expect(lines == ["first", "second line", "third"], "in pieces of \(size)")
            #expect(framer.pendingBytes == 4)
        }
    }
}
