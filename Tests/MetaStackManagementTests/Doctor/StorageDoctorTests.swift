import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

/// What the doctor says of disks, images and evictions.
@Suite struct StorageDoctorTests {
    private func evicted(on host: String, at time: String) -> String {
        #"{"vm_create_revision":10,"host":"a","incarnation":11,"#
            + #""evicted":[{"client":"b:0/7","host":"\#(host)","at":"\#(time)"}]}"#
    }

    @Test func evictionsThatALiveHostDoesNotLiftAreAProblem() {
        expectOne(
            .storage,
            "problem: the evictions of b:0/7 are not lifted since 3h, though host b is live",
            do: "systemctl restart metastack-node on host b"
        ) { $0.put("vm_history/v1", evicted(on: "b", at: longAgo), at: 20) }
        expectOne(
            .storage, "notice: the evictions of b:0/7 stand until host z is back",
            do: "start metastack-node on host z"
        ) { $0.put("vm_history/v1", evicted(on: "z", at: longAgo), at: 20) }
        #expect(
            found(.storage) {
                $0.put("vm_history/v1", evicted(on: "b", at: "2027-01-15T07:59:00.000Z"), at: 20)
            }.isEmpty)
    }

    @Test func whatCephHasForgottenIsNotExpectedOfAHostThatIsAway() {
        let eightDaysAgo = "2027-01-07T08:00:00.000Z"
        #expect(
            found(.storage) {
                $0.put("vm_history/v1", evicted(on: "z", at: eightDaysAgo), at: 20)
            }.isEmpty)
        expectOne(
            .storage,
            "problem: the evictions of b:0/7 are not lifted since 8d, though host b is live",
            do: "systemctl restart metastack-node on host b"
        ) { $0.put("vm_history/v1", evicted(on: "b", at: eightDaysAgo), at: 20) }
    }

    @Test func aGuestWhoseClientIsRefusedIsToldAndAClientOfNoVMIsNot() {
        func refusing(_ clients: String, _ claimed: String) -> (inout Cluster) -> Void {
            {
                $0.host("a", lease: 5, #","storage":{"unknown_evictions":[\#(clients)]}"#)
                $0.claim("a", "running", #","clients":[\#(claimed)]"#)
            }
        }
        expectOne(
            .storage, "problem: Ceph refuses a:0/1, with which vm web writes its disk on host a",
            do: "metastack vm stop web --wait && metastack vm start web",
            after: refusing(#""a:0/1","a:0/7""#, #""a:0/1""#))
        // What is left of a VM that was deleted before its former host was back, until Ceph forgets it.
        #expect(found(.storage, after: refusing(#""a:0/7""#, #""a:0/1""#)).isEmpty)
    }

    @Test func disksAndHistoriesThatNobodyRemovesAreLeaks() {
        let history = found(.storage) {
            $0.put(
                "vm_history/v9", #"{"vm_create_revision":1,"host":"a","incarnation":2}"#, at: 20)
        }
        #expect(
            history.map(\.said) == [
                "problem: the history of vm v9 is left, of which nothing else is; host a had it last"
            ])
        #expect(history[0].remedy?.hasSuffix(" del /metastack/vm_history/v9") == true)
        expectOne(
            .storage,
            "problem: vm v9 is wanted no more and nobody removes its disk vms/v9.x: Ceph is away",
            do: "metastack vm show v9"
        ) {
            $0.put(
                "volumes/v9.root",
                #"{"pool":"vms","image":"v9.x","vm":"v9","vm_create_revision":1}"#, at: 20)
            $0.put("declines/v9/a", #"{"reason":"Ceph is away"}"#, at: 21, lease: 5)
        }
        expectOne(
            .storage,
            "notice: disk vms/v1.x is that of an earlier vm under the id v1, and is removed before "
                + "this one starts", do: "metastack vm show v1"
        ) { $0.desiredVMs[VMID(unchecked: "v1")]?.createRevision = Revision(9) }
    }

    @Test func manyAttemptsAndFailedImagesAreTold() {
        let many = "[" + (1...8).map { "\"x\($0)\"" }.joined(separator: ",") + "]"
        expectOne(
            .storage, "notice: disk v1.root was begun 9 times", do: "metastack vm show v1"
        ) {
            $0.put(
                "volumes/v1.root",
                #"{"pool":"vms","image":"v1.x","vm":"v1","vm_create_revision":10,"discarded":"#
                    + many + "}", at: 20)
        }
        expectOne(
            .storage, "problem: image debian is failed: not found",
            do: "metastack image show debian"
        ) {
            $0.put(
                "actual_images/i1", #"{"host":"a","state":"failed","message":"not found"}"#, at: 20)
        }
    }

    @Test func whatNodesFindInTheStorageAndNoRecordKnowsIsTold() {
        expectOne(
            .storage,
            "problem: no record knows the image vms/v9.root.0123456789abcdef, which a node has made",
            do: "look whether somebody misses it (rbd info vms/v9.root.0123456789abcdef), then "
                + "rbd snap ls vms/v9.root.0123456789abcdef and rbd rm vms/v9.root.0123456789abcdef"
        ) {
            $0.host(
                "a", lease: 5,
                #","storage":{"unknown_images":["vms/v9.root.0123456789abcdef","vms/v1.x"]}"#)
        }
    }
}
