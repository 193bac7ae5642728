import Foundation
import MetaStackModel
import Testing

/// Times, addresses of images and checksums, which people and other programs write.
struct TextValueTests {
    @Test func writesTimesAsRFC3339() throws {
        let time = Timestamp(milliseconds: 1_795_255_200_123)
        #expect(time.description == "2026-11-21T10:00:00.123Z")
        let json = try JSONEncoder().encode([time])
        #expect(try JSONDecoder().decode([Timestamp].self, from: json) == [time])
    }

    @Test func everyMillisecondComesBack() throws {
        for milliseconds in Int64(1_795_255_200_000)..<1_795_255_201_000 {
            let time = Timestamp(milliseconds: milliseconds)
            let json = try JSONEncoder().encode([time])
            #expect(try JSONDecoder().decode([Timestamp].self, from: json) == [time])
        }
    }

    @Test(arguments: ["", "yesterday", "2026-13-21T10:00:00.123Z"])
    func refusesWhatIsNoTime(_ text: String) {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([Timestamp].self, from: JSONEncoder().encode([text]))
        }
    }

    @Test func readsAddressesOfImages() throws {
        #expect(
            try ImageURL("file:///srv/a b.raw") == .file(path: "/srv/a b.raw"))
        for text in ["http://h/x", "https://user@h:8443/x?y=%20"] {
            #expect(try ImageURL(text) == .web(text))
            #expect(try ImageURL(text).description == text)
        }
        #expect(try ImageURL("file:///srv/i.raw").description == "file:///srv/i.raw")
    }

    @Test(arguments: [
        "", "/srv/i.raw", "file://srv/i.raw", "file:///a\nb", "file:///a\u{0}", "ftp://h/x",
        "http://", "http:///x", "https://h/a b", "https://h/\u{7}", "https://h/é", "HTTP://h/x",
        "https://h/" + String(repeating: "x", count: 4096),
    ])
    func refusesWhatIsNoAddressOfAnImage(_ text: String) {
        #expect(throws: ValidationError.self) { try ImageURL(text) }
    }

    @Test func readsChecksumsInEitherForm() throws {
        let digits = String(repeating: "0aF", count: 21) + "1"
        let one = try Checksum(digits)
        #expect(one == (try Checksum("sha256:" + digits)))
        #expect(one.description == "sha256:" + digits.lowercased())
    }

    @Test(arguments: [
        "", "sha256:", "md5:0a", String(repeating: "0", count: 63), String(repeating: "0", count: 65),
        String(repeating: "g", count: 64), String(repeating: "０", count: 64),
    ])
    func refusesWhatIsNoChecksum(_ text: String) {
        #expect(throws: ValidationError.self) { try Checksum(text) }
    }

    @Test func quotesShortlyAndOnOneLine() {
        #expect("a\"b\n".quotedForPeople == #""a\"b\n""#)
        #expect(String(repeating: "x", count: 81).quotedForPeople.hasSuffix("x…\""))
        #expect(String(repeating: "x", count: 81).quotedForPeople.count == 83)
    }
}
