import Foundation
import MetaStackModel
import MetaStackTesting
import Testing

struct IdentifierTests {
    private func problem(_ text: String) -> String? {
        do throws(ValidationError) {
            _ = try VMID(text)
            return nil
        } catch {
            return error.problem
        }
    }

    @Test(arguments: [
        "a", "0", "web-1", "web.example.org", "a_b", "A-", "9.9", "a.b_c-",
        String(repeating: "x", count: 64),
    ])
    func takesNamesThatAreSafeEverywhere(_ text: String) throws {
        #expect(try VMID(text).text == text)
    }

    @Test(arguments: [
        ("", "it is empty"), ("..", "it must begin with a letter or a digit"),
        ("a..b", "'..' is not allowed"), ("a.", "it must not end with '.'"),
        ("-a", "it must begin with a letter or a digit"),
        (".a", "it must begin with a letter or a digit"),
        ("_a", "it must begin with a letter or a digit"),
        ("/a", "it must begin with a letter or a digit"),
        (String(repeating: "x", count: 65), "it has 65 characters, at most 64 are allowed"),
        (String(repeating: "x", count: 300), "it has 300 characters, at most 64 are allowed"),
        ("é", "it must begin with a letter or a digit"),
    ])
    func refusesAndSaysWhy(_ text: String, _ why: String) {
        #expect(problem(text) == why)
    }

    @Test(arguments: [
        "a/b", "a\"b", "a'b", "a`b", "a b", "a\nb", "a\u{0}b", "a\u{7f}b", "a\\b", "a$b", "a;b",
        "a|b", "a&b", "a<b", "a>b", "a@b", "a:b", "a,b", "a=b", "a%b", "a*b", "aéb", "a\u{1F600}",
        "a\u{301}", "a\u{200d}b", "a\u{202e}b", "a１",
    ])
    func refusesWhatMeansSomethingSomewhere(_ text: String) {
        #expect(problem(text)?.contains("is not allowed") == true, "\(text.debugDescription)")
    }

    /// Whatever is taken is short, plain ASCII, no path and no option.
    @Test(arguments: 1...50 as ClosedRange<UInt64>)
    func whateverItTakesIsSafe(seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array("aZ0.._-/\"' \n\u{0}\\é$\u{1F600}")
        for _ in 0..<2_000 {
            let length = Int.random(in: 0...70, using: &random)
            let text = String((0..<length).compactMap { _ in alphabet.randomElement(using: &random) })
            guard problem(text) == nil else { continue }
            #expect((1...64).contains(text.utf8.count))
            #expect(!text.contains("..") && !text.hasPrefix("-") && !text.hasPrefix("."))
            #expect(
                text.utf8.allSatisfy { byte in
                    (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte)
                        || (0x61...0x7a).contains(byte) || [0x2d, 0x2e, 0x5f].contains(byte)
                })
        }
    }

    @Test func quotesWhatItFoundOnOneLine() throws {
        let error = try #require(throws: ValidationError.self) { try HostID("a\n\"b") }
        #expect(error.description.hasPrefix(#"host name "a\n\"b" cannot be used: "#))
    }

    @Test func keepsItsRuleWhenItIsDecoded() {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([VMID].self, from: Data(#"["a/b"]"#.utf8))
        }
    }

    @Test(arguments: ["web.root", "web.example.org.data"])
    func readsVolumeIds(_ text: String) throws {
        let id = try VolumeID(text)
        #expect(id.description == text)
        #expect(!id.disk.contains("."))
    }

    @Test(arguments: ["web", "web.", ".root", "we/b.root", "", "web.ro\"ot", "web.ro\not", "web.é"])
    func refusesWhatIsNoVolumeId(_ text: String) {
        #expect(throws: ValidationError.self) { try VolumeID(text) }
    }
}
