import Foundation
import MetaStackModel
import Testing

/// What whoever wrote a record reads when it cannot be used: one sentence that names the field.
struct RecordProblemTests {
    private static let vm = #""name": "web", "flavour": "tiny", "image": "tiny""#

    @Test(arguments: [
        ("", "it is no JSON object"),
        ("nonsense", "it is no JSON object"),
        ("[]", "the record must be an object"),
        ("{}", "the field name is missing"),
        (#"{"name": 5, "flavour": "f", "image": "i"}"#, "the field name must be a text"),
        (
            #"{"name": null, "flavour": "f", "image": "i"}"#,
            "the field name must be a text, not null"
        ),
        (
            #"{"name": "a/b", "flavour": "f", "image": "i"}"#,
            #"name "a/b" cannot be used: "/" is not allowed, use letters, digits, '.', '_' and '-'"#
        ),
        (
            "{\(vm), \"host\": \"..\"}",
            #"host name ".." cannot be used: it must begin with a letter or a digit"#
        ),
        ("{\(vm), \"nics\": {}}", "the field nics must be a list"),
        (
            "{\(vm), \"cloud_init\": {\"host_name\": \"a_b\"}}",
            #"host name "a_b" cannot be used: use letters, digits and '-', and dots between its parts"#
        ),
        (
            "{\(vm), \"cloud_init\": {\"user_data\": \"hunter2\"}}",
            #"user data "…" cannot be used: it must begin with #cloud-config, with #! as a script "#
                + "does, or with a MIME header"
        ),
    ])
    func saysWhatIsWrongWithADesiredVM(text: String, problem: String) {
        #expect(DesiredVM.problem(in: text) == problem)
    }

    @Test func namesAStateThatThereIsNot() throws {
        let problem = try #require(DesiredVM.problem(in: "{\(Self.vm), \"state\": \"run\"}"))
        #expect(problem.hasPrefix("the field state"))
        #expect(problem.contains("run"))
    }

    @Test func refusesMoreNICsThanAGuestHasSlotsFor() {
        let nics = Array(repeating: "{}", count: 17).joined(separator: ",")
        #expect(
            DesiredVM.problem(in: "{\(Self.vm), \"nics\": [\(nics)]}")
                == #"nics "17 NICs" cannot be used: a VM has at most 16"#)
    }

    @Test(arguments: [
        (
            #"{"name": "f", "vcpus": 0, "ram": 1}"#,
            #"vcpus "0" cannot be used: it must be between 1 and 1024"#
        ),
        (
            #"{"name": "f", "vcpus": 1025, "ram": 1}"#,
            #"vcpus "1025" cannot be used: it must be between 1 and 1024"#
        ),
        (
            #"{"name": "f", "vcpus": 1, "ram": 0}"#,
            #"ram "0 MiB" cannot be used: a guest needs at least 1 MiB"#
        ),
        (
            #"{"name": "f", "vcpus": 1, "ram": -5}"#,
            #"amount "-5" cannot be used: it must be between 0 and 1099511627776 MiB"#
        ),
        (
            #"{"name": "f", "vcpus": 1, "ram": "lots"}"#,
            #"amount "lots" cannot be used: write it like 512MiB, 4GiB or 1TiB"#
        ),
        (#"{"name": "f", "vcpus": "two", "ram": 1}"#, "the field vcpus must be a whole number"),
    ])
    func saysWhatIsWrongWithAFlavour(text: String, problem: String) {
        #expect(Flavour.problem(in: text) == problem)
    }

    @Test func oneProblemIsOneLineWhateverTheRecordHolds() throws {
        let name = String(repeating: "\\n\\u0007\\\"", count: 100)
        let problem = try #require(
            DesiredVM.problem(in: #"{"name": "\#(name)", "flavour": "f", "image": "i"}"#))
        #expect(!problem.unicodeScalars.contains { $0.value < 0x20 })
        #expect(problem.contains("300 characters, at most 64 are allowed"))
        #expect(problem.count < 600)
    }

    @Test func namesTheRecord() {
        let record = MalformedRecord(path: "desired_vms/web", problem: "the field name is missing")
        #expect(
            record.description
                == "record desired_vms/web is malformed: the field name is missing")
    }
}
