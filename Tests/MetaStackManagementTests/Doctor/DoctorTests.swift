import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

@Suite struct DoctorTests {
    @Test func aClusterThatIsWellHasNoFindingAtAll() {
        let diagnosis = Diagnosis(Patient(cluster: .well, etcd: .well, now: noon))
        #expect(diagnosis.checks.flatMap(\.findings) == [])
        #expect(!diagnosis.hasProblems)
        #expect(diagnosis.checks.count == Check.all.count)
        #expect(diagnosis.text.hasSuffix("\nnothing is wrong\n"))
        #expect(diagnosis.text.contains("HOSTS: ok (live, takeovers, "))
    }

    @Test func itGoesThroughJSONUnchanged() throws {
        var cluster = Cluster.well
        cluster.put("actual_vms/v2", "nonsense", at: 20)
        let diagnosis = Diagnosis(Patient(cluster: cluster, etcd: .well, now: noon))
        let json = try JSONEncoder().encode(diagnosis.document)
        #expect(try JSONDecoder().decode(Diagnosis.self, from: json) == diagnosis)
        #expect(diagnosis.hasProblems)
    }

    @Test func whatCannotBeReadIsUnknownAndAProblem() {
        let patient = Patient(
            cluster: nil, failure: "no leader", etcd: EtcdCondition(voices: []), now: noon)
        let diagnosis = Diagnosis(patient)
        #expect(diagnosis.hasProblems)
        #expect(diagnosis.text.contains("the records cannot be read: no leader"))
        #expect(diagnosis.text.contains("STORAGE: unknown"))
    }

    @Test func noTextOfARecordPlaysWithTheTerminalOrTheShell() {
        var cluster = Cluster.well
        cluster.put("desired_hosts/b", #"{"state":"maintenance","reason":"\u001b[2J"}"#, at: 20)
        cluster.put("actual_vms/$(reboot)'x", "{}", at: 21)
        let diagnosis = Diagnosis(Patient(cluster: cluster, etcd: nil, now: noon))
        #expect(!diagnosis.text.contains("\u{1b}"))
        #expect(
            diagnosis.text.contains(#"etcdctl del '/metastack/actual_vms/$(reboot)'\''x'"#))
    }

    @Test func peopleAreSparedALongListAndProgramsHaveItAll() {
        var cluster = Cluster.well
        for number in 1...25 { cluster.put("actual_vms/x\(number)", "nonsense", at: 20) }
        let diagnosis = Diagnosis(Patient(cluster: cluster, etcd: .well, now: noon))
        #expect(diagnosis.text.split(separator: "\n").count { $0.contains("malformed") } == 10)
        #expect(diagnosis.text.contains("15 more of the check readable: -o json has all of them"))
        #expect(diagnosis.text.hasSuffix("\n25 problems\n"))
    }
}
