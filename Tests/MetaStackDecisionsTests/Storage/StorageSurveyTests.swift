import Foundation
import MetaStackDecisions
import MetaStackModel
import Testing

struct StorageSurveyTests {
    private static let vms = PoolName(unchecked: "vms")
    private static let images = PoolName(unchecked: "images")
    private static let fresh = "0123456789abcdef"

    private func cluster(_ records: (String, String)...) -> Cluster {
        var cluster = Cluster()
        for (path, json) in records {
            cluster.apply(
                RawRecord(
                    path: path, json: Data(json.utf8), revision: Revision(1),
                    createRevision: Revision(1)))
        }
        return cluster
    }

    @Test func onlyWhatTwoLooksHaveSeenIsUnknown() {
        var survey = StorageSurvey()
        let left = [Self.vms: ["web.root.\(Self.fresh)"]]
        #expect(survey.observe(images: left, in: cluster()) == [])
        #expect(
            survey.observe(images: left, in: cluster()) == ["vms/web.root.\(Self.fresh)"])
        #expect(survey.observe(images: [:], in: cluster()) == [])
        #expect(survey.observe(images: left, in: cluster()) == [])
    }

    @Test func whatARecordKnowsOrMayKnowIsNot() {
        let listed = [
            Self.vms: [
                "web.root.\(Self.fresh)", "old.root.\(Self.fresh)", "bad.root.\(Self.fresh)",
            ],
            Self.images: ["i1.\(Self.fresh)", "i2.\(Self.fresh)"],
        ]
        let known = cluster(
            (
                "volumes/web.root",
                #"{"pool":"vms","image":"web.root.1","vm":"web","vm_create_revision":1,"#
                    + #""discarded":["web.root.\#(Self.fresh)"]}"#
            ), ("volumes/bad.root", "nonsense"), ("actual_images/i2", "nonsense"),
            ("actual_images/i1", #"{"host":"a","state":"ready","rbd_image":"i1.\#(Self.fresh)"}"#))
        var survey = StorageSurvey()
        _ = survey.observe(images: listed, in: known)
        #expect(survey.observe(images: listed, in: known) == ["vms/old.root.\(Self.fresh)"])
    }

    @Test func imagesOfOthersInThePoolsAreTheirs() {
        var survey = StorageSurvey()
        let names = [
            "backup", "backup.2026", "a.b.c", ".\(Self.fresh)", "web.root.0123456789ABCDEF",
            "web.root.\(Self.fresh)0", "",
        ]
        for _ in 1...2 { #expect(survey.observe(images: [Self.vms: names], in: cluster()) == []) }
    }

    @Test func evictionsThatNoHistoryNamesAreUnknown() {
        let (told, strange) = (
            StorageClient(address: "10.0.0.1:0/1"), StorageClient(address: "10.0.0.1:0/2")
        )
        let known = cluster(
            (
                "vm_history/web",
                #"{"vm_create_revision":1,"host":"a","incarnation":1,"evicted":"#
                    + #"[{"client":"10.0.0.1:0/1","host":"a","at":"2026-11-21T10:00:00.000Z"}]}"#
            ))
        var survey = StorageSurvey()
        #expect(survey.observe(evictions: [told, strange], in: known) == [])
        #expect(survey.observe(evictions: [told, strange], in: known) == [strange])
        #expect(survey.observe(evictions: [told], in: known) == [])
        let unread = cluster(("vm_history/web", "nonsense"))
        for _ in 1...2 { #expect(survey.observe(evictions: [strange], in: unread) == []) }
    }

    /// A report has room for some only.
    @Test func evictedClientsOfGuestsThatRunAreNamedFirst() {
        let clients = (1...9).map { StorageClient(address: "10.0.0.1:0/\($0)") }
        let running = cluster(
            (
                "actual_vms/web",
                #"{"host":"a","state":"running","incarnation":1,"desired_create_revision":1,"#
                    + #""since":"2026-11-21T10:00:00.000Z","clients":["10.0.0.1:0/8"]}"#
            ))
        #expect(running.actualVMs.count == 1)
        var survey = StorageSurvey()
        _ = survey.observe(evictions: clients, in: running)
        let named = survey.observe(evictions: clients, in: running)
        #expect(named.first == clients[7] && named.count == 9)
    }

    @Test func theFirstHostThatIsWellSpeaks() {
        func host(_ name: String, _ message: String = "") -> (String, String) {
            let more = message.isEmpty ? "" : #","message":"\#(message)""#
            return (
                "hosts/\(name)", #"{"name":"\#(name)","total_ram":1,"total_vcpu":1\#(more)}"#
            )
        }
        let cluster = cluster(host("a", "the storage is away"), host("b"), host("c"))
        let speakers = ["a", "b", "c"].filter {
            StorageSurvey.isSpeaker(HostID(unchecked: $0), in: cluster)
        }
        #expect(speakers == ["b"])
    }
}
