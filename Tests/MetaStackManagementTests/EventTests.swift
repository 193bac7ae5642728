import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

@Suite struct EventTests {
    private static let vm =
        #"{"name":"web","flavour":"f1","image":"i1","created_at":"2027-01-15T07:00:00.000Z"}"#

    private static func claim(_ host: String, _ state: String, _ more: String = "") -> String {
        #"{"host":"\#(host)","state":"\#(state)","incarnation":11,"desired_create_revision":10,"#
            + #""since":"2027-01-15T08:00:00.000Z"\#(more)}"#
    }

    private static func history(_ host: String, _ more: String = "") -> String {
        #"{"vm_create_revision":10,"host":"\#(host)","incarnation":11,"clients":["a:0/1"]\#(more)}"#
    }

    /// A flavour, an image, and a VM that host a runs.
    private static var cluster: Cluster {
        var cluster = Cluster()
        cluster.put("vm_flavours/f1", #"{"name":"small","vcpus":1,"ram":64}"#, at: 1)
        cluster.put("images/i1", #"{"name":"debian","url":"file:///d.raw"}"#, at: 2)
        cluster.put("hosts/a", #"{"name":"a","total_ram":64,"total_vcpu":1}"#, at: 3, lease: 5)
        cluster.put("desired_vms/v1", vm, at: 10)
        cluster.put("actual_vms/v1", claim("a", "running"), at: 12, created: 11, lease: 5)
        cluster.put("vm_history/v1", history("a"), at: 12)
        return cluster
    }

    /// What is told of some changes, without times: `word name: detail`.
    private func told(_ changes: RawRecord..., after cluster: Cluster = Self.cluster) -> [String] {
        var teller = EventTeller(cluster)
        return teller.observe(changes).map {
            "\($0.word.rawValue) \($0.name)" + ($0.detail.isEmpty ? "" : ": \($0.detail)")
        }
    }

    // MARK: VMs

    @Test func aNewVMIsToldWithItsFlavourAndImageByTheirNames() {
        var bare = Self.cluster
        for path in ["desired_vms/v1", "actual_vms/v1", "vm_history/v1"] {
            bare.put(path, nil, at: 13)
        }
        var teller = EventTeller(bare)
        let events = teller.observe([RawRecord("desired_vms/v1", Self.vm, at: 20)])
        #expect(
            events == [
                ClusterEvent(
                    .created, .vm, id: "v1", name: "web", "flavour small, image debian",
                    at: Timestamp("2027-01-15T07:00:00.000Z"), revision: Revision(20))
            ])
    }

    @Test func aChangeNamesTheFieldsWithWhatTheyWereAndAre() {
        let new = #"{"name":"web","flavour":"f2","image":"i1","state":"stop","labels":{"app":"x"}}"#
        #expect(
            told(RawRecord("desired_vms/v1", new, at: 20, created: 10)) == [
                "changed web: created_at 2027-01-15T07:00:00.000Z → -, flavour f1 → f2, "
                    + "labels - → {\"app\":\"x\"}, state start → stop"
            ])
    }

    @Test func anOrderToMoveIsToldAsSuch() {
        let new =
            #"{"name":"web","flavour":"f1","image":"i1","created_at":"2027-01-15T07:00:00.000Z","#
            + #""move":{"id":"m1","from":"a","to":"b","offline":true}}"#
        #expect(
            told(RawRecord("desired_vms/v1", new, at: 20, created: 10)) == [
                "move-ordered web: from host a to host b, offline"
            ])
    }

    @Test func whoeverIsGoneKeepsItsName() {
        #expect(
            told(
                RawRecord("desired_vms/v1", nil, at: 20),
                RawRecord("actual_vms/v1", Self.claim("a", "deleting"), at: 21, created: 11),
                RawRecord("actual_vms/v1", nil, at: 22), RawRecord("vm_history/v1", nil, at: 22))
                == [
                    "deleted web", "deleting web: on host a",
                    "removed web: nothing of it is left",
                ])
    }

    @Test func anotherVMUnderTheSameIDIsANewOne() {
        #expect(
            told(RawRecord("desired_vms/v1", Self.vm, at: 20)) == [
                "created web: flavour small, image debian"
            ])
    }

    @Test func aClaimThatGoesWithItsHostIsLostAndOneThatGoesAloneIsReleased() {
        #expect(
            told(
                RawRecord("actual_vms/v1", nil, at: 20), RawRecord("hosts/a", nil, at: 20))
                == ["lost web: the session of host a ended", "gone a: its session ended"])
        #expect(
            told(RawRecord("actual_vms/v1", nil, at: 20), RawRecord("hosts/a", nil, at: 21))
                == ["released web: by host a", "gone a: its session ended"])
    }

    @Test func aTakeoverIsToldFromTheClaimToTheGuestThatRunsAgain() {
        let takeover =
            #","evicted":[{"client":"a:0/1","host":"a","at":"2027-01-15T08:00:05.100Z"}],"#
            + #""takeovers":[{"from":"a","to":"b","incarnation":21,"#
            + #""last_proven":"2027-01-15T08:00:00.000Z","expired":"2027-01-15T08:00:05.000Z","#
            + #""claimed":"2027-01-15T08:00:05.010Z","started":"2027-01-15T08:00:05.820Z"}]"#
        var cluster = Self.cluster
        cluster.put("actual_vms/v1", nil, at: 20)
        var teller = EventTeller(cluster)
        let events = teller.observe([
            RawRecord("actual_vms/v1", Self.claim("b", "claimed"), at: 21),
            RawRecord("vm_history/v1", Self.history("b", takeover), at: 22, created: 12),
        ])
        #expect(events.map(\.word) == [.takenOver, .evicted, .runsAgain])
        #expect(events.map(\.detail).first == "by host b from host a")
        #expect(
            events.last?.detail
                == "on host b, 5.82 s after host a was proven last "
                + "(expired +5.00 s, claimed +10 ms, started +810 ms)")
        #expect(events.last?.time == Timestamp("2027-01-15T08:00:05.820Z"))
        #expect(events.last?.hosts.map(\.text) == ["a", "b"])
    }

    @Test func aHostThatTakesItsOwnVMAgainTakesNothingOver() {
        var cluster = Self.cluster
        cluster.put("actual_vms/v1", nil, at: 20)
        #expect(
            told(RawRecord("actual_vms/v1", Self.claim("a", "claimed"), at: 21), after: cluster)
                == ["claimed web: by host a"])
    }

    @Test func aLiftedEvictionIsToldAndAnEndOfTheGuestToo() {
        var cluster = Self.cluster
        let evicted = #","evicted":[{"client":"a:0/1","host":"a","at":"2027-01-15T08:00:05.100Z"}]"#
        cluster.put("vm_history/v1", Self.history("b", evicted), at: 20)
        #expect(
            told(
                RawRecord(
                    "vm_history/v1",
                    Self.history("b", #","last_exit":"it crashed","crashes":2"#), at: 21),
                after: cluster) == [
                    "eviction-lifted web: Ceph client a:0/1 of host a",
                    "ended web: it crashed, 2 times in a row",
                ])
    }

    @Test func aMoveIsToldFromItsBeginningToItsEnd() {
        let move =
            #","move":{"id":"m","to":"b","live":true,"reason":"host a is in maintenance","#
            + #""drains":true,"since":"2027-01-15T08:10:00.000Z"}"#
        #expect(
            told(
                RawRecord("actual_vms/v1", Self.claim("a", "running", move), at: 20, created: 11),
                RawRecord("arrivals/v1", #"{"host":"b","answers":"m","uri":"q"}"#, at: 21),
                RawRecord("actual_vms/v1", Self.claim("b", "running"), at: 22, created: 11),
                RawRecord("arrivals/v1", nil, at: 22)) == [
                    "move-began web: to host b: host a is in maintenance",
                    "expected web: by host b",
                    "moved web: from host a to host b, while it ran",
                ])
        #expect(
            told(
                RawRecord("actual_vms/v1", Self.claim("a", "running", move), at: 20, created: 11),
                RawRecord(
                    "arrivals/v1", #"{"host":"b","answers":"m","refusal":"no room"}"#, at: 21),
                RawRecord("actual_vms/v1", Self.claim("a", "running"), at: 22, created: 11))
                == [
                    "move-began web: to host b: host a is in maintenance",
                    "refused web: by host b: no room",
                    "move-ended web: it stays on host a and is not on host b",
                ])
    }

    @Test func statesAndWhatTheOwnerSaysAreToldOnce() {
        let bad = #","message":"no disk""#
        #expect(
            told(
                RawRecord("actual_vms/v1", Self.claim("a", "failed", bad), at: 20, created: 11),
                RawRecord("actual_vms/v1", Self.claim("a", "failed", bad), at: 21, created: 11),
                RawRecord(
                    "declines/v1/b", #"{"reason":"no room","at":"2027-01-15T08:10:00.000Z"}"#,
                    at: 22), RawRecord("declines/v1/b", nil, at: 23)) == [
                    "failed web: on host a: no disk", "declined web: by host b: no room",
                ])
    }

    // MARK: All else

    @Test func hostsComeGoAndSayWhatIsWrong() {
        func host(_ more: String) -> String {
            #"{"name":"b","total_ram":64,"total_vcpu":1,"version":"0.1.0","#
                + #""since":"2027-01-15T06:00:00.000Z"\#(more)}"#
        }
        var teller = EventTeller(Self.cluster)
        let events = teller.observe([
            RawRecord("hosts/b", host(""), at: 20, lease: 8),
            RawRecord("hosts/b", host(#","used_ram":32"#), at: 21, lease: 8),
            RawRecord("hosts/b", host(#","message":"no pool","takeovers_held":"a storm""#), at: 22),
            RawRecord("hosts/b", nil, at: 23), RawRecord("hosts/b", host(""), at: 24, lease: 9),
        ])
        #expect(events.map(\.word) == [.came, .came, .troubled, .holdsBack, .gone, .came])
        // The agent's start is the time of its first coming alone.
        #expect(events.first?.time == Timestamp("2027-01-15T06:00:00.000Z"))
        #expect(events.last?.time == nil)
        #expect(events.last?.detail == "metastack-node 0.1.0, with a new session")
    }

    @Test func maintenanceSwitchesImagesAndTokensAreTold() {
        let hash = #""hash":"sha256:\#(String(repeating: "0", count: 64))""#
        #expect(
            told(
                RawRecord(
                    "desired_hosts/a", #"{"state":"maintenance","reason":"fans","by":"ops"}"#,
                    at: 20),
                RawRecord("desired_hosts/a", #"{"ram_overcommit":2}"#, at: 21),
                RawRecord("global_config/takeover", #"{"state":"disarmed","reason":"x"}"#, at: 22),
                RawRecord("global_config/moves", #"{"per_host":3}"#, at: 23),
                RawRecord("actual_images/i1", #"{"host":"a","state":"importing"}"#, at: 24),
                RawRecord(
                    "actual_images/i1", #"{"host":"a","state":"importing","done":5}"#, at: 25),
                RawRecord("actual_images/i1", #"{"host":"a","state":"ready"}"#, at: 26),
                RawRecord("tokens/t1", #"{"name":"ci",\#(hash),"role":"viewer"}"#, at: 27),
                RawRecord(
                    "tokens/t1",
                    #"{"name":"ci",\#(hash),"role":"viewer","last_used":"2027-01-15T08:00:00Z"}"#,
                    at: 28), RawRecord("tokens/t1", nil, at: 29)) == [
                    "maintenance a: by ops: fans", "ready a", "changed a: ram_overcommit - → 2",
                    "disarmed takeover: x", "created moves: per_cluster - → 16, per_host - → 3",
                    "importing debian: on host a", "ready debian: on host a",
                    "created ci: role viewer", "deleted ci",
                ])
    }

    @Test func aRecordThatCannotBeReadIsNotGone() {
        let told = told(
            RawRecord("actual_vms/v1", "nonsense", at: 20, created: 11),
            RawRecord("nothing/of/ours", "{}", at: 21))
        #expect(
            told == ["malformed web: record actual_vms/v1 is malformed: it is no JSON object"])
    }

    // MARK: Logs

    @Test func theLogBeginsWithWhatTheRecordsNoteThemselves() {
        var base = Self.cluster
        let takeovers =
            #","takeovers":[{"from":"b","to":"a","incarnation":11,"#
            + #""claimed":"2027-01-15T07:30:00.000Z"}]"#
        base.put("vm_history/v1", Self.history("a", takeovers), at: 13)
        let past = ClusterPast(
            base: base, changes: [RawRecord("desired_vms/v1", nil, at: 20)], revision: Revision(25))
        let log = EventLog(past)
        #expect(log.events.map(\.word) == [.created, .takenOver, .running, .deleted])
        #expect(log.events.map { $0.revision?.number } == [nil, nil, nil, 20])
        #expect(log.revision == Revision(25))
    }

    @Test func sinceLeavesOutOnlyWhatIsCertainlyOlder() throws {
        func event(_ id: String, _ time: Int64?) -> ClusterEvent {
            ClusterEvent(
                .changed, .vm, id: id, at: time.map { Timestamp(milliseconds: $0 * 1000) })
        }
        let log = EventLog(
            events: [
                event("1", nil), event("2", 10), event("3", nil), event("4", 20), event("5", nil),
            ], revision: Revision(1))
        let all = try EventFilter(in: Cluster(), and: [])
        func since(_ seconds: Int64) -> [String] {
            log.events(all, since: Timestamp(milliseconds: seconds * 1000)).map(\.id)
        }
        #expect(since(15) == ["3", "4", "5"])
        #expect(since(30) == ["5"])
        #expect(log.events(all).count == 5)
    }

    @Test func filtersFindVMsThatAreGoneAndHostsThatHadAPart() throws {
        let events = [
            ClusterEvent(.deleted, .vm, id: "v0", name: "old"),
            ClusterEvent(.running, .vm, id: "v1", name: "web", hosts: [HostID(unchecked: "a")]),
            ClusterEvent(.gone, .host, id: "a", hosts: [HostID(unchecked: "a")]),
        ]
        func words(vm: String? = nil, host: String? = nil) throws -> [ClusterEvent.Word] {
            let filter = try EventFilter(vm: vm, host: host, in: Self.cluster, and: events)
            return events.filter(filter.matches).map(\.word)
        }
        #expect(try words(vm: "old") == [.deleted])
        #expect(try words(vm: "v0") == [.deleted])
        #expect(try words(host: "a") == [.running, .gone])
        #expect(try words(vm: "web", host: "a") == [.running])
        #expect(throws: CommandFailure.self) { try words(vm: "wep") }
        #expect(throws: CommandFailure.self) { try words(host: "z") }
    }

    @Test func twoStatesDifferByTheChangesThatLeadFromOneToTheOther() {
        let old = Self.cluster
        var new = old
        new.put("desired_vms/v1", nil, at: 20)
        new.put(
            "volumes/v1.root", #"{"pool":"p","image":"x","vm":"v1","vm_create_revision":10}"#,
            at: 21)
        new.put("global_config/takeover", #"{"state":"disarmed"}"#, at: 22)
        new.put(
            "hosts/a", #"{"name":"a","total_ram":65,"total_vcpu":1}"#, at: 23, created: 3, lease: 5)
        var applied = old
        for change in old.changes(to: new) { applied.apply(change) }
        #expect(applied == new)
        #expect(old.changes(to: old).isEmpty)
    }

    @Test func anEventGoesThroughJSONUnchanged() throws {
        let event = ClusterEvent(
            .runsAgain, .vm, id: "v1", name: "web", "on host b", hosts: [HostID(unchecked: "b")],
            at: Timestamp(milliseconds: 5), revision: Revision(7))
        let json = try JSONEncoder().encode(event.document)
        #expect(try JSONDecoder().decode(ClusterEvent.self, from: json) == event)
    }
}
