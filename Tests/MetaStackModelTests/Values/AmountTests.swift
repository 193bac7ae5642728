import Foundation
import MetaStackModel
import Testing

struct AmountTests {
    @Test(arguments: [
        ("512", 512), ("512MiB", 512), ("512 MiB", 512), ("4GiB", 4096), ("4G", 4096), ("4M", 4),
        ("1TiB", 1_048_576), ("1T", 1_048_576), ("0", 0), ("1099511627776", 1 << 40),
    ])
    func readsAmounts(_ text: String, _ mebibytes: Int) throws {
        #expect(try Mebibytes(text: text).count == mebibytes)
    }

    @Test(arguments: [
        "", "MiB", "-1", "+1", "1.5GiB", "1KiB", "4GB", "0x10", "４", "1099511627777",
        "99999999999999999999", "9223372036854775807TiB", "1 2",
    ])
    func refusesWhatIsNoAmount(_ text: String) {
        #expect(throws: ValidationError.self) { try Mebibytes(text: text) }
    }

    @Test func roundsBytesUp() {
        #expect(Mebibytes(bytes: 0).count == 0)
        #expect(Mebibytes(bytes: 1).count == 1)
        #expect(Mebibytes(bytes: 1 << 20).count == 1)
        #expect(Mebibytes(bytes: (1 << 20) + 1).count == 2)
        #expect(Mebibytes(bytes: -5).count == 0)
    }

    @Test(arguments: [Int64.max, .max - 1])
    func takesAnyNumberOfBytes(_ bytes: Int64) {
        #expect(Mebibytes(bytes: bytes).count == 1 << 40)
    }

    @Test func sumsAndDifferencesStayInRange() throws {
        let most = try Mebibytes(1 << 40)
        let one = try Mebibytes(1)
        #expect(most + most == most)
        #expect(one - most == .zero)
        #expect((one + one).bytes == 2 << 20)
    }

    @Test func readsNumbersAndTextsInJSON() throws {
        let amounts = try JSONDecoder().decode(
            [Mebibytes].self, from: Data(#"[512, "512", "4GiB"]"#.utf8))
        #expect(amounts.map(\.count) == [512, 512, 4096])
        #expect(String(decoding: try JSONEncoder().encode(amounts), as: UTF8.self) == "[512,512,4096]")
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([Mebibytes].self, from: Data("[1.5]".utf8))
        }
    }
}
