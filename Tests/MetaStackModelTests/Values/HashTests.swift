import Foundation
import MetaStackModel
import Testing

struct HashTests {
    private func hash(_ texts: String...) -> UInt64 {
        var hash = StableHash()
        for text in texts { hash.combine(text) }
        return hash.finalize()
    }

    /// Nodes of different versions must agree: these numbers never change.
    @Test func neverChanges() {
        #expect(hash() == 0xefd0_1f60_ba99_2926)
        #expect(hash("") == 0x1bbd_5c81_3c69_a8d7)
        #expect(hash("web") == 0x7295_062b_face_cfa3)
        #expect(hash("web", "a") == 0x3dd3_3e37_1290_8eb7)
        var number = StableHash()
        number.combine(Int64(-2))
        #expect(number.finalize() == 0x9729_f517_9431_dda9)
    }

    @Test func tellsWhereOneTextEnds() {
        #expect(hash("a", "bc") != hash("ab", "c"))
        #expect(hash("a", "") != hash("a"))
    }

    @Test func spreadsNamesThatDifferInOneDigit() {
        var buckets = [Int](repeating: 0, count: 16)
        for number in 0..<16_000 { buckets[Int(hash("vm-\(number)") >> 60)] += 1 }
        for count in buckets { #expect((800...1200).contains(count)) }
    }

    @Test func aVMsUUIDIsItsOwnAndStable() {
        let web = VMID(unchecked: "web")
        let uuid = UUID(vm: web, createRevision: Revision(5))
        #expect(uuid.uuidString == "086A8497-09A2-8334-8FDD-F637FB2945B1")
        #expect(uuid != UUID(vm: web, createRevision: Revision(6)))
        #expect(uuid != UUID(vm: VMID(unchecked: "wec"), createRevision: Revision(5)))
        let characters = Array(uuid.uuidString)
        #expect(characters[14] == "8", "RFC 9562, version 8")
        #expect("89AB".contains(characters[19]), "RFC 9562, the variant")
    }
}
