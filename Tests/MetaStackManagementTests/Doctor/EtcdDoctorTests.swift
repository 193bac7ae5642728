import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

@Suite struct EtcdDoctorTests {
    private static let etcdctl =
        "etcdctl --endpoints=https://e1:2379,https://e2:2379,https://e3:2379"

    private func expect(
        _ said: [String], do remedies: [String?]? = nil,
        _ location: SourceLocation = #_sourceLocation, after change: (inout EtcdCondition) -> Void
    ) {
        var etcd = EtcdCondition.well
        change(&etcd)
        let found = found(.etcd, .well, etcd)
        #expect(found.map(\.said) == said, sourceLocation: location)
        if let remedies { #expect(found.map(\.remedy) == remedies, sourceLocation: location) }
    }

    @Test func aMemberThatIsDownIsToldAndThatOneMoreIsTooMany() {
        expect(
            [
                "problem: etcd member e2 gives no answer: refused",
                "problem: just 2 of etcd's 3 members answer: with one less nothing can be changed",
            ], do: ["systemctl restart etcd on e2", nil]
        ) {
            $0.voices[1].word = nil
            $0.voices[1].failure = "refused"
        }
    }

    @Test func withoutAnyAnswerOrAQuorumThatIsWhatIsSaid() {
        expect(["problem: etcd answers nowhere: https://e1:2379: refused"]) {
            $0.voices = [.init("https://e1:2379", failure: "refused")]
            $0.members = nil
        }
        expect([
            "problem: etcd's members cannot be listed, so there is no quorum",
            "problem: etcd member 1 has no leader",
        ]) {
            $0.voices = [$0.voices[0]]
            $0.voices[0].word?.leader = nil
            $0.members = nil
        }
    }

    @Test func addressesThatLeadNowhereElsewhereOrAreMissingAreTold() {
        expect(["notice: the address https://e9:2379 gives no answer: refused"]) {
            $0.voices.append(.init("https://e9:2379", failure: "refused"))
        }
        expect(["problem: https://e3:2379 is of another etcd cluster than the first address"]) {
            $0.voices[2].word?.cluster = 9
        }
        expect(
            ["notice: no address of the configuration leads to etcd member e3"],
            do: ["add https://e3:2379 to etcd.endpoints"]
        ) { $0.voices[2].isConfigured = false }
    }

    @Test func aSingleMemberAndAnEvenNumberAreNotices() {
        expect(["notice: etcd has a single member: while it is down, nothing can be changed"]) {
            $0.voices = [$0.voices[0]]
            $0.members?.removeLast(2)
        }
        expect([
            "notice: etcd has 2 voting members, which outlive no more failures than 1"
        ]) {
            $0.voices.removeLast()
            $0.members?.removeLast()
        }
    }

    @Test func membersThatDisagreeOnTheirLeaderAreTold() {
        expect(["problem: etcd's members follow 2 leaders at once"]) {
            $0.voices[2].word?.leader = 3
        }
    }

    @Test func knownDefectsAndDifferentVersionsAreNotices() {
        expect([
            "notice: etcd 3.4.23 has known defects: bad; worse",
            "notice: etcd's members have different versions: 3.4.23, 3.5.21",
        ]) {
            $0.voices[1].word?.version = "3.4.23"
            $0.voices[1].word?.defects = ["worse", "bad"]
        }
    }

    @Test func aDatabaseThatFillsIsToldBeforeItIsFull() {
        expect(
            [
                "notice: the database of etcd member e1 has 75 % of its 2048 MiB: when it is full, "
                    + "nothing can be changed"
            ], do: ["etcdctl --endpoints=https://e1:2379 defrag"]
        ) {
            $0.voices[0].word?.size = 1536 << 20
            $0.voices[0].word?.used = 10 << 20
        }
        expect(
            [
                "problem: the database of etcd member e1 has 95 % of its 100 MiB: when it is full, "
                    + "nothing can be changed"
            ],
            do: [
                "raise its --quota-backend-bytes, or \(Self.etcdctl) compact 77 && "
                    + "etcdctl --endpoints=https://e1:2379 defrag"
            ]
        ) {
            $0.voices[0].word?.size = 95 << 20
            $0.voices[0].word?.used = 94 << 20
            $0.voices[0].word?.quota = 100 << 20
        }
    }

    @Test func alarmsComeWithTheCommandsThatEndThem() {
        expect(
            [
                "problem: the database of etcd member e2 is full: nothing can be changed "
                    + "(alarm NOSPACE)",
                "problem: the data of etcd member e3 are not those of the others (alarm CORRUPT)",
            ],
            do: [
                "\(Self.etcdctl) compact 77 && \(Self.etcdctl) defrag && "
                    + "\(Self.etcdctl) alarm disarm",
                "\(Self.etcdctl) member remove 3, then add it anew with an empty data folder",
            ]
        ) {
            $0.alarms = [.init(member: 2, kind: "NOSPACE"), .init(member: 3, kind: "CORRUPT")]
        }
    }

    @Test func anAlarmThatMayNotBeListedIsToldByItsMember() {
        expect([
            "problem: the database of etcd member e2 is full: nothing can be changed (alarm NOSPACE)"
        ]) { $0.voices[1].word?.errors = ["memberID:2 alarm:NOSPACE "] }
    }

    @Test func membersThatLagAreTold() {
        expect([
            "problem: etcd member e1 is 2000 changes behind the others",
            "problem: 1500 changes wait on etcd member e2 to be applied",
            "notice: etcd member e3 has no vote yet",
        ]) {
            $0.voices[0].word?.raftIndex = 3000
            $0.voices[0].word?.appliedIndex = 3000
            $0.voices[1].word?.appliedIndex = 3500
            $0.voices[2].word?.isLearner = true
        }
    }

    @Test func openDoorsAreNotices() {
        expect([
            "notice: etcd asks nobody for a name: whoever reaches it may change everything",
            "notice: the way to http://10.0.0.1:2379 is not encrypted",
        ]) {
            $0.asksForName = false
            $0.voices[0].url = "http://10.0.0.1:2379"
            $0.voices[1].url = "http://127.0.0.1:2379"
        }
    }

    @Test func clocksThatAreApartAreToldWithTheirDirection() {
        expect([
            "notice: the clock of etcd member e1 is 12 s ahead",
            "notice: the clock of etcd member e2 is 12 s behind",
        ]) {
            $0.voices[0].word?.clockOffset = .seconds(12)
            $0.voices[1].word?.clockOffset = .seconds(-12)
            $0.voices[2].word?.clockOffset = .seconds(1)
        }
    }
}
