import Foundation
import MetaStackModel
import Testing
import Yams

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct OutputTests {
    @Test func aTableIsAsWideAsItsCellsWithoutBlanksAtTheEnd() {
        var table = Table(["NAME", "SIZE", "NOTE"], right: ["SIZE"])
        table.add(["a", "5", "x"])
        table.add(["longer", "1000", nil])
        table.add(["日本", "1"])
        #expect(
            table.text == """
                NAME    SIZE  NOTE
                a          5  x
                longer  1000  -
                日本       1  -

                """)
        #expect(Table(["A", "B"]).text == "A  B\n")
    }

    @Test func noRecordCanWriteToTheTerminal() {
        #expect("a\u{1b}[31mb\nc\td\u{7}\u{202e}".printable == "a\\u{1b}[31mb c d\\u{7}\\u{202e}")
        #expect("grüße, 日本".printable == "grüße, 日本")
    }

    @Test func countsColumnsAsATerminalDoes() {
        #expect("abc".displayWidth == 3)
        #expect("日本".displayWidth == 4)
        #expect("e\u{301}".displayWidth == 1)
        #expect("👍".displayWidth == 2)
        #expect("abcdef".cut(toWidth: 4) == "abc…")
        #expect("日本語".cut(toWidth: 4) == "日…")
        #expect("abcd".cut(toWidth: 4) == "abcd")
    }

    @Test(arguments: [
        (0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m"), (3600, "1h"), (86_399, "23h"),
        (86_400, "1d"), (-5, "0s"),
    ])
    func anAgeHasOneUnit(seconds: Int64, text: String) {
        #expect(Timestamp(milliseconds: now.milliseconds - seconds * 1000).age(at: now) == text)
    }

    @Test func anUnknownMomentHasNoAge() {
        #expect(Timestamp(milliseconds: 0).age(at: now) == nil)
    }

    @Test func textsThatLookLikeOtherValuesSurviveYAMLAndJSON() throws {
        let tricky = ["yes", "null", "~", "12", "1.5", "", " a", "a: b", "#x", "0x1f", "é\n", "'"]
        let value = JSONValue.object([
            "texts": .array(tricky.map { .string($0) }), "nothing": .null, "yes": .bool(true),
            "number": .integer(12),
        ])
        let json = try Renderer(format: .json, hasColours: false).text(of: value)
        #expect(try JSONDecoder().decode(JSONValue.self, from: Data(json.utf8)) == value)
        let yaml = try Renderer(format: .yaml, hasColours: false).text(of: value)
        let node = try #require(try compose(yaml: yaml)?.mapping)
        #expect(node["texts"]?.array(of: String.self) == tricky)
        #expect(node["number"]?.int == 12)
        #expect(node["nothing"]?.null != nil)
    }
}
