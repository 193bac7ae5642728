import Foundation
import MetaStackModel
import Testing

struct RoundTripTests {
    private func object(_ text: String) throws -> [String: JSONValue] {
        try JSONDecoder().decode([String: JSONValue].self, from: Data(text.utf8))
    }

    @Test(arguments: RecordExamples.all.indices)
    func everyFieldComesBackAsItWas(_ index: Int) throws {
        let (type, text) = RecordExamples.all[index]
        #expect(try type.rewritten(text) == object(text), "\(type)")
    }

    @Test(arguments: RecordExamples.all.indices)
    func fieldsThatThisVersionDoesNotKnowAreKept(_ index: Int) throws {
        let (type, text) = RecordExamples.all[index]
        let unknown: [String: JSONValue] = [
            "x_text": .string("é\u{1F600}"), "x_number": .number(2.5), "x_null": .null,
            "x_large": .integer(.max), "x_flag": .bool(true),
            "x_list": .array([.integer(1), .object(["a": .bool(false)])]),
        ]
        let all = try object(text).merging(unknown) { $1 }
        let json = String(decoding: try JSONEncoder().encode(all), as: UTF8.self)
        #expect(try type.rewritten(json) == all, "\(type)")
    }

    @Test(arguments: RecordExamples.all.indices)
    func equalRecordsHaveEqualBytes(_ index: Int) throws {
        func bytes<Value: Record>(_ type: Value.Type, _ text: String) throws -> (Data, Data) {
            let one = try Value(json: Data(text.utf8), path: "x").json()
            return (one, try Value(json: one, path: "x").json())
        }
        let (type, text) = RecordExamples.all[index]
        let (one, two) = try bytes(type, text)
        #expect(one == two, "\(type)")
    }

    @Test func readsTheRecordThatAStrangerWrites() throws {
        let text = #"{"name": "web", "flavour": "tiny", "image": "tiny", "state": "start"}"#
        let vm = try DesiredVM(json: Data(text.utf8), path: "desired_vms/web")
        #expect(
            vm
                == DesiredVM(
                    name: ResourceName(unchecked: "web"), flavour: "tiny", image: "tiny",
                    state: .start))
        #expect(vm.nics.count == 1)
        #expect(try DesiredVM.rewritten(text) == object(text))
    }

    @Test func takesNullForAbsent() throws {
        let text = """
            {"name": "web", "flavour": "f", "image": "i", "state": null, "host": null, "nics": null}
            """
        let vm = try DesiredVM(json: Data(text.utf8), path: "desired_vms/web")
        #expect(vm.state == .start)
        #expect(vm.host == nil)
        #expect(vm.nics.count == 1)
    }

    @Test func aVMWithoutNICsStaysSo() throws {
        let text = #"{"name": "w", "flavour": "f", "image": "i", "state": "start", "nics": []}"#
        #expect(try DesiredVM.rewritten(text) == object(text))
    }

    @Test func takesWhatAnOlderNodeLeavesOut() throws {
        let claim = try ActualVM(
            json: Data(#"{"host": "a", "state": "claimed"}"#.utf8), path: "actual_vms/web")
        #expect(claim.incarnation == nil)
        #expect(claim.ram == .zero)
        let history = try VMHistory(
            json: Data(#"{"vm_create_revision": 1, "host": "a", "incarnation": 2}"#.utf8), path: "")
        #expect(history.clients.isEmpty)
        #expect(history.boots == 0)
    }
}
