import Foundation
import Testing

@testable import Ceph

@Suite struct MonitorAnswerTests {
    @Test(arguments: [
        (#"[{"a":"1"}][]"#, #"[{"a":"1"}]"#),
        (#"[][]"#, "[]"),
        (#"{"a":"]}\"["}[1]"#, #"{"a":"]}\"["}"#),
        (#"[{"a":"x"#, #"[{"a":"x"#),
        ("", ""),
    ])
    func endsWithItsFirstValue(answer: String, expected: String) {
        #expect(firstValue(of: Data(answer.utf8)) == Data(expected.utf8))
    }
}
