import MetaStackModel
import Testing

@testable import MetaStackWeb

@Suite struct FieldSelectorTests {
    private static let document = JSONValue.object([
        "name": .string("web"), "status": .null, "size": .integer(3), "on": .bool(true),
        "nics": .array([.object(["net": .string("a")]), .object(["net": .string("b")])]),
        "none": .array([]), "desired": .object(["record": .object(["host": .string("host1")])]),
    ])

    @Test(arguments: [
        ("", true), ("name=web", true), ("name=we", false), ("name!=db", true), ("size=3", true),
        ("on=true", true), ("status=", true), ("absent=", true), ("absent!=", false),
        ("absent=x", false), ("desired.record.host=host1", true), ("name=web,size!=3", false),
        ("nics.net=b", true), ("nics.net=c", false), ("none=", true), ("name.more=", true),
        ("desired.record.host=host1,name=web", true), ("name==web", false),
    ])
    func picksByFields(text: String, matches: Bool) throws {
        #expect(try FieldSelector(text).matches(Self.document) == matches)
    }

    @Test(arguments: ["name", "=x", "!=x", "name=web,host"])
    func whatIsNoTermIsRefused(text: String) {
        #expect(throws: ValidationError.self) { try FieldSelector(text) }
    }
}
