import Foundation
import MetaStackModel
import MetaStackTesting
import Testing

struct ClusterApplyTests {
    private let web = VMID(unchecked: "web")

    private func raw(_ path: String, _ json: String?, at revision: Int64, lease: Int64? = nil)
        -> RawRecord
    {
        RawRecord(
            path: path, json: json.map { Data($0.utf8) }, revision: Revision(revision),
            createRevision: Revision(revision), lease: lease.map(LeaseNumber.init))
    }

    private let good = #"{"name": "web", "flavour": "f", "image": "i"}"#

    @Test func takesARecordOverWithWhatEtcdSaysOfIt() {
        var cluster = Cluster()
        let key = cluster.apply(
            RawRecord(
                path: "actual_vms/web", json: Data(#"{"host": "a", "state": "claimed"}"#.utf8),
                revision: Revision(9), createRevision: Revision(7), lease: LeaseNumber(3)))
        #expect(key == .actualVM(web))
        let claim = cluster.actualVMs[web]
        #expect(claim?.revision == Revision(9))
        #expect(claim?.createRevision == Revision(7))
        #expect(claim?.lease == LeaseNumber(3))
        #expect(claim?.incarnation == Revision(7))
        #expect(cluster.revision == Revision(9))
    }

    /// Where a list stands in memory.
    private func place(_ clients: [StorageClient]?) -> UnsafePointer<StorageClient>? {
        clients?.withUnsafeBufferPointer { $0.baseAddress }
    }

    @Test func aClaimAndAHistoryThatNameTheSameClientsHaveOneListOfThem() {
        let claim = #"{"host": "a", "state": "running", "clients": ["10.0.0.2:0/1234567"]}"#
        let history =
            #"{"vm_create_revision": 1, "host": "a", "incarnation": 2, "#
            + #""clients": ["10.0.0.2:0/1234567"]}"#
        let other = history.replacing("1234567", with: "7654321")
        for order in [[claim, history], [history, claim]] {
            var cluster = Cluster()
            for json in order {
                cluster.apply(raw(json == claim ? "actual_vms/web" : "vm_history/web", json, at: 3))
            }
            let shared = place(cluster.actualVMs[web]?.value.clients)
            #expect(shared != nil)
            #expect(shared == place(cluster.histories[web]?.value.clients))
            cluster.apply(raw("vm_history/web", other, at: 4))
            #expect(
                cluster.histories[web]?.value.clients
                    == [StorageClient(address: "10.0.0.2:0/7654321")])
        }
    }

    @Test func takesAMalformedRecordOutAndNotesIt() {
        var cluster = Cluster()
        cluster.apply(raw("desired_vms/web", good, at: 1))
        #expect(cluster.apply(raw("desired_vms/web", "{", at: 2)) == .desiredVM(web))
        #expect(cluster.desiredVMs[web] == nil)
        #expect(
            cluster.malformed["desired_vms/web"]
                == MalformedRecord(path: "desired_vms/web", problem: "it is no JSON object"))
    }

    @Test func forgetsTheProblemOnceTheRecordIsGoodOrGone() {
        for next in [good, nil] {
            var cluster = Cluster()
            cluster.apply(raw("desired_vms/web", "{", at: 1))
            cluster.apply(raw("desired_vms/web", next, at: 2))
            #expect(cluster.malformed.isEmpty)
            #expect((cluster.desiredVMs[web] != nil) == (next != nil))
        }
    }

    @Test func notesAKeyThatIsNoIdUntilItIsDeleted() {
        var cluster = Cluster()
        #expect(cluster.apply(raw("desired_vms/a b", good, at: 1)) == nil)
        #expect(cluster.malformed.keys.sorted() == ["desired_vms/a b"])
        cluster.apply(raw("desired_vms/a b", nil, at: 2))
        #expect(cluster.malformed.isEmpty)
    }

    @Test func passesOverFoldersThatAreNotOurs() {
        var cluster = Cluster()
        #expect(cluster.apply(raw("elsewhere/x", "{", at: 4)) == nil)
        #expect(cluster == Cluster(revision: Revision(4)))
    }

    @Test func leavesNothingBehindWhereEverythingIsDeleted() {
        var cluster = Cluster()
        for (index, example) in examples.enumerated() {
            cluster.apply(raw(example.path, example.json, at: Int64(index + 1)))
        }
        #expect(cluster.malformed.isEmpty)
        for example in examples { cluster.apply(raw(example.path, nil, at: 50)) }
        #expect(cluster == Cluster(revision: Revision(50)))
    }

    /// Every kind of record under its own key.
    private var examples: [(path: String, json: String)] {
        let kinds: [RecordKey.Folder: any Record.Type] = [
            .globalConfig: GlobalConfig.self, .images: Image.self, .flavours: Flavour.self,
            .desiredVMs: DesiredVM.self, .actualVMs: ActualVM.self,
            .hosts: MetaStackModel.Host.self,
            .desiredHosts: DesiredHost.self, .volumes: Volume.self, .history: VMHistory.self,
            .declines: Decline.self, .actualImages: ActualImage.self,
            .networks: Network.self, .addresses: HeldAddress.self,
            .securityGroups: SecurityGroup.self,
        ]
        return RecordKeyTests.all.compactMap { key, path in
            guard let kind = kinds[key.folder] else { return nil }
            return RecordExamples.all.first { $0.0 == kind }.map { (path, $0.1) }
        }
    }

    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func theOrderOfRecordsDoesNotMatter(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let records =
            examples.enumerated().map { raw($1.path, $1.json, at: Int64($0 + 1)) } + [
                raw("desired_vms/db", "{", at: 20), raw("volumes/db.root", "{}", at: 21),
            ]
        var inOrder = Cluster()
        for record in records { inOrder.apply(record) }
        var shuffled = Cluster()
        for record in records.shuffled(using: &random) { shuffled.apply(record) }
        #expect(shuffled == inOrder)
        #expect(inOrder.malformed.count == 2)
    }

    @Test func aListAndTheHistoryOfChangesComeToTheSame() {
        var followed = Cluster()
        followed.apply(raw("desired_vms/web", "{", at: 1))
        followed.apply(raw("vm_history/web", "[]", at: 2))
        followed.apply(raw("vm_history/web", nil, at: 3))
        followed.apply(raw("desired_vms/web", good, at: 4))
        var listed = Cluster()
        listed.apply(raw("desired_vms/web", good, at: 4))
        #expect(followed == listed)
    }
}
