import MetaStackModel
import Testing

@testable import MetaStackWeb

/// The bytes are those of MessagePack's specification.
@Suite struct MessagePackTests {
    @Test(
        arguments: [
            (JSONValue.null, [0xc0]), (.bool(false), [0xc2]), (.bool(true), [0xc3]),
            (.integer(0), [0x00]), (.integer(127), [0x7f]), (.integer(-1), [0xff]),
            (.integer(-32), [0xe0]),
            (.integer(128), [0xd3, 0, 0, 0, 0, 0, 0, 0, 0x80]),
            (.integer(-33), [0xd3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xdf]),
            (.integer(.min), [0xd3, 0x80, 0, 0, 0, 0, 0, 0, 0]),
            (.number(1.5), [0xcb, 0x3f, 0xf8, 0, 0, 0, 0, 0, 0]),
            (.string(""), [0xa0]), (.string("é"), [0xa2, 0xc3, 0xa9]),
            (.array([.null, .integer(7)]), [0x92, 0xc0, 0x07]),
            (
                .object(["b": .integer(2), "a": .integer(1)]),
                [0x82, 0xa1, 0x61, 0x01, 0xa1, 0x62, 0x02]
            ),
        ] as [(JSONValue, [UInt8])])
    func aValueIsItsBytes(value: JSONValue, bytes: [UInt8]) {
        #expect(MessagePack.encode(value) == bytes)
    }

    /// What is longer than a form can say takes the next one.
    @Test(
        arguments: [
            (31, [0xbf]), (32, [0xd9, 32]), (255, [0xd9, 255]), (256, [0xda, 1, 0]),
            (65_535, [0xda, 255, 255]), (65_536, [0xdb, 0, 1, 0, 0]),
        ] as [(Int, [UInt8])])
    func aTextBeginsWithItsLength(length: Int, head: [UInt8]) {
        let bytes = MessagePack.encode(.string(String(repeating: "x", count: length)))
        #expect(Array(bytes.prefix(head.count)) == head && bytes.count == head.count + length)
    }

    @Test(
        arguments: [
            (15, [0x9f], [0x8f]), (16, [0xdc, 0, 16], [0xde, 0, 16]),
            (65_536, [0xdd, 0, 1, 0, 0], [0xdf, 0, 1, 0, 0]),
        ] as [(Int, [UInt8], [UInt8])])
    func aListAndAnObjectBeginWithTheirCounts(count: Int, list: [UInt8], object: [UInt8]) {
        let items = MessagePack.encode(.array(Array(repeating: .null, count: count)))
        #expect(Array(items.prefix(list.count)) == list && items.count == list.count + count)
        let names = (0..<count).map { ("\(1_000_000 + $0)", JSONValue.null) }
        let fields = MessagePack.encode(.object(Dictionary(names) { $1 }))
        #expect(Array(fields.prefix(object.count)) == object)
        // A name of seven letters and a value are nine bytes.
        #expect(fields.count == object.count + count * 9)
    }
}
