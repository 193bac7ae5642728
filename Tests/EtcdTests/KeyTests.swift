import Etcd
import Testing

struct KeyTests {
    @Test func joinsComponentsWithSlashes() {
        let key = Key("/metastack").appending("vms").appending("web-1")
        #expect(key.string == "/metastack/vms/web-1")
        #expect(key.lastComponent == "web-1")
        #expect(Key("plain").lastComponent == "plain")
    }

    @Test func ordersKeysByBytes() {
        #expect(Key("a") < Key("b"))
        #expect(Key("a") < Key("a/"))
        #expect(Key(bytes: [0x7f]) < Key(bytes: [0x80]))
    }

    @Test func endsAPrefixBehindItsLastByte() {
        #expect(KeyRange.prefix(Key("ab")) == KeyRange.from(Key("ab"), to: Key("ac")))
        let highBytes = KeyRange.prefix(Key(bytes: [0x61, 0xff, 0xff]))
        #expect(highBytes == KeyRange.from(Key(bytes: [0x61, 0xff, 0xff]), to: Key("b")))
    }

    @Test func givesAPrefixOfHighBytesNoEnd() {
        let range = KeyRange.prefix(Key(bytes: [0xff, 0xff]))
        #expect(range.contains(Key(bytes: [0xff, 0xff, 0xff, 0xff])))
        #expect(!range.contains(Key(bytes: [0xff, 0xfe])))
        #expect(KeyRange.prefix(Key("")) == .all)
    }

    @Test func tellsChildrenFromSiblings() {
        let children = KeyRange.children(of: Key("/vms/web"))
        #expect(children.contains(Key("/vms/web/disk")))
        #expect(children.contains(Key("/vms/web/disk/0")))
        #expect(!children.contains(Key("/vms/web")))
        #expect(!children.contains(Key("/vms/web-1")))
        #expect(!children.contains(Key("/vms/web0")))
    }

    @Test func holdsNothingBetweenEndAndStart() {
        let range = KeyRange.from(Key("b"), to: Key("a"))
        #expect(!range.contains(Key("a")) && !range.contains(Key("b")))
        #expect(!KeyRange.from(Key("b"), to: Key("")).contains(Key("b")))
    }

    /// Any prefix holds exactly the keys that begin with it.
    @Test func agreesWithByteComparisonForAnyBytes() {
        var random = SystemRandomNumberGenerator()
        let bytes: [UInt8] = [0, 1, 0x2f, 0x7f, 0xfe, 0xff]
        func word() -> [UInt8] {
            (0..<Int.random(in: 1...4, using: &random)).map { _ in bytes.randomElement() ?? 0 }
        }
        for _ in 0..<2000 {
            let (prefix, key) = (word(), word())
            #expect(
                KeyRange.prefix(Key(bytes: prefix)).contains(Key(bytes: key))
                    == key.starts(with: prefix))
        }
    }
}
