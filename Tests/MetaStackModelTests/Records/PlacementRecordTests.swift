import Foundation
import MetaStackModel
import Testing

struct PlacementRecordTests {
    private func vm(_ fields: String) throws -> DesiredVM {
        try JSONDecoder().decode(
            DesiredVM.self,
            from: Data(#"{"name": "web", "flavour": "tiny", "image": "tiny", \#(fields)}"#.utf8))
    }

    @Test(arguments: [
        (#""priority": 1001"#, "priority"), (#""priority": -1001"#, "priority"),
        (#""groups": {"a/b": "affinity"}"#, "a/b"), (#""groups": {"db": "nearby"}"#, "nearby"),
    ])
    func refusesAbsurdWishes(_ fields: String, _ named: String) {
        let error = #expect(throws: (any Error).self) { try vm(fields) }
        #expect(error.map { "\($0)" }?.contains(named) == true)
    }

    @Test(arguments: ["0", "-1", "0.05", "64.5", "1e300"])
    func refusesAbsurdOvercommit(_ number: String) {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(
                DesiredHost.self, from: Data(#"{"ram_overcommit": \#(number)}"#.utf8))
        }
    }

    @Test(arguments: [#"{"per_host": 0}"#, #"{"per_cluster": 1001}"#])
    func refusesAbsurdLimits(_ text: String) {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(MoveLimits.self, from: Data(text.utf8))
        }
    }

    @Test(arguments: [
        #"{"threshold_percent": 0}"#, #"{"interval_s": 0}"#, #"{"cool_down_s": -1}"#,
        #"{"at_most": 0}"#, #"{"state": "maybe"}"#,
    ])
    func refusesAbsurdPolicies(_ text: String) {
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode(RebalancePolicy.self, from: Data(text.utf8))
        }
    }

    @Test func promisesHundredthsOfWhatIsThere() throws {
        #expect(Overcommit.none.of(1023) == 1023)
        #expect(try Overcommit(1.25).of(1000) == 1250)
        #expect(try Overcommit(0.1).of(1000) == 100)
        #expect(Overcommit.processors.of(4) == 32)
    }
}
