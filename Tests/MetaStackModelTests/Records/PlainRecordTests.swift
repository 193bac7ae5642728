import Foundation
import MetaStackTesting
import Testing

@testable import MetaStackModel

/// The quick way to read a record against Foundation's.
@Suite struct PlainRecordTests {
    private static let records: [(any Record.Type, String)] = [
        (
            DesiredVM.self,
            #"{"name":"web","flavour":"f","image":"i","state":"stop","host":"n1","nics":[{},{"x":1}],"#
                + #""restart_policy":"always","priority":-5,"required_labels":{"a":"b"},"#
                + #""labels":{"app":"x","t":""},"offline_moves":true,"#
                + #""created_at":"2027-01-15T07:55:00.123Z","later":{"deep":[1,null,"x",{"y":false}]}}"#
        ),
        (
            ActualVM.self,
            #"{"host":"n1","state":"running","incarnation":123456789012345678,"vm_uuid":"#
                + #""5f0c3a52-6a1b-4f0e-8b1e-0123456789ab","desired_revision":10,"ram":"4GiB","vcpus":2,"#
                + #""since":"2027-01-15T07:58:00.000Z","clients":["10.0.0.2:0/7"],"console":"/c/v1.log","#
                + #""macs":["02:00:00:00:00:01"]}"#
        ),
        (
            Host.self,
            #"{"name":"n1","total_ram":8192,"total_vcpu":4,"labels":{"rack":"7"},"pools":["vms"],"#
                + #""addresses":[],"message":null,"since":"2027-01-15T07:00:00.000Z"}"#
        ),
        (Flavour.self, #" { "name" : "tiny" , "vcpus" : 1, "ram":128 , "disk":"1TiB" } "#),
        (Image.self, #"{"name":"i","url":"https://example.org/d.img","format":"qcow2"}"#),
        (
            Volume.self,
            #"{"pool":"vms","image":"v.1","size":48,"vm":"v","vm_create_revision":1,"#
                + #""source":"i","provisioned":true,"discarded":["a","b"]}"#
        ),
        (
            VMHistory.self,
            #"{"vm_create_revision":1,"host":"n1","incarnation":2,"boots":3,"clients":["c"]}"#
        ),
        (GlobalConfig.self, #"{"a":{"b":[]},"c":{}}"#), (TakeoverSwitch.self, "{}"),
    ]

    private func same<Value: Record>(_ type: Value.Type, _ json: String) throws -> Bool {
        let expected = try JSONDecoder().decode(Value.self, from: Data(json.utf8))
        return Value.plain(Data(json.utf8)) == expected
    }

    @Test func readsRecordsAsFoundationDoes() throws {
        for (type, json) in Self.records { #expect(try same(type, json), "\(json)") }
        // Those with fractions and the like are left to Foundation.
        for (type, json) in RecordExamples.all where isPlain(type, json) {
            #expect(try same(type, json), "\(json)")
        }
    }

    private func isPlain<Value: Record>(_ type: Value.Type, _ json: String) -> Bool {
        Value.plain(Data(json.utf8)) != nil
    }

    /// What is here either is read alike, or is left to Foundation.
    @Test(arguments: [
        #"{"name":"a\u0041","flavour":"f","image":"i"}"#,
        #"{"name":"a","flavour":"f","image":"i","later":"ä"}"#,
        #"{"name":"a","name":"b","flavour":"f","image":"i"}"#,
        #"{"name":"a","flavour":"f","image":"i","priority":5.0}"#,
        #"{"name":"a","flavour":"f","image":"i","later":1e3}"#,
        #"{"name":"a","flavour":"f","image":"i","later":12345678901234567890}"#,
        #"{"name":"a","flavour":"f","image":"i","later":"\n\"x"}"#,
        #"{"name":"a","flavour":"f","image":"i","state":null}"#,
        #"{"name":"a","flavour":"f","image":"i","later":-0}"#,
        #"{"name":"a","flavour":"f","image":"i","groups":{"db":"anti-affinity"}}"#,
        #"{"name":"a","flavour":"f","image":"i","move":{"id":"m","from":"n1"}}"#,
    ])
    func neverReadsARecordOtherwise(json: String) throws {
        let expected = try JSONDecoder().decode(DesiredVM.self, from: Data(json.utf8))
        #expect(try DesiredVM(json: Data(json.utf8), path: "desired_vms/a") == expected)
        if let quick = DesiredVM.plain(Data(json.utf8)) { #expect(quick == expected) }
    }

    @Test(arguments: [
        "", "{", "[]", "null", "{}", #"{"name":5,"flavour":"f","image":"i"}"#,
        #"{"name":"a","flavour":"f","image":"i"} x"#,
        #"{"name":"a","flavour":"f","image":"i","nics":7}"#,
        #"{"name":"a","flavour":"f","image":"i","priority":01}"#,
        #"{"name":"a","flavour":"f","image":"i","labels":{"a":1}}"#,
        #"{"name":"a/b","flavour":"f","image":"i"}"#, "{\"name\":\"a\u{1}\",\"flavour\":\"f\"}",
    ])
    func whatIsWrongIsToldByFoundation(json: String) {
        #expect(DesiredVM.plain(Data(json.utf8)) == nil)
        let error = #expect(throws: MalformedRecord.self) {
            try DesiredVM(json: Data(json.utf8), path: "desired_vms/a")
        }
        #expect(error?.problem.contains("lain") == false)
    }

    @Test func deepListsDoNotOverflow() {
        let json = "{\"a\":" + String(repeating: "[", count: 100_000)
        #expect(GlobalConfig.plain(Data(json.utf8)) == nil)
    }

    @Test func momentsAreReadAsFoundationReadsThem() throws {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for text in [
            "1970-01-01T00:00:00.000Z", "1969-12-28T23:59:59.999Z", "2000-02-28T12:34:56.789Z",
            "2000-02-29T00:00:00.000Z", "2024-03-01T00:00:00.001Z", "2026-12-31T23:59:59.999Z",
            "2100-03-01T00:00:00.000Z", "1900-03-01T00:00:00.000Z",
        ] {
            #expect(Timestamp(text) == Timestamp(try Date(text, strategy: style)), "\(text)")
            #expect(Timestamp(text)?.description == text)
        }
        for text in ["", "soon", "2026-13-01T00:00:00.000Z", "2026-01-01T00:00:00.00xZ"] {
            #expect(Timestamp(text) == nil, "\(text)")
        }
    }
}
