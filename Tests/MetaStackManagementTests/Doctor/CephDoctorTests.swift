import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

/// What the doctor says of Ceph.
@Suite struct CephDoctorTests {
    @Test func hostsWhoseStorageIsAwayAreOneFinding() {
        expectOne(
            .ceph, "problem: on host a, b the storage is away: timed out; monitor c", do: "ceph -s"
        ) {
            let words = #","message":"libvirt is away; the storage is away: timed out; monitor c""#
            $0.host("a", lease: 5, words)
            $0.host("b", lease: 6, words)
        }
    }

    @Test func aPoolThatIsMissingIsMadeByACommand() {
        expectOne(
            .ceph, "problem: on host b the storage has no pool vms and no pool images: create it",
            do: "ceph osd pool create vms && rbd pool init vms && ceph osd pool create images "
                + "&& rbd pool init images"
        ) {
            $0.host(
                "b", lease: 6,
                #","message":"the storage has no pool vms and no pool images: create it""#)
        }
        // It is told once.
        #expect(
            found(.hosts) { $0.host("b", lease: 6, #","message":"the storage is away: x""#) }
                .isEmpty)
    }

    @Test func poolsThatOnlySomeOrNoneHaveAreTold() {
        expectOne(
            .ceph, "notice: host b does not use pool images, which others do",
            do: "compare storage in its configuration with theirs"
        ) { $0.hosts[HostID(unchecked: "b")]?.value.pools.removeLast() }
        expectOne(
            .ceph, "problem: no live host has pool old, in which disks or images lie",
            do: "ceph osd pool ls"
        ) {
            $0.put(
                "volumes/v1.root",
                #"{"pool":"old","image":"v1.x","vm":"v1","vm_create_revision":10}"#, at: 20)
        }
    }

    @Test func whatCephSaysOfItselfIsTold() {
        func storage(_ host: String, _ report: String) -> (inout Cluster) -> Void {
            { $0.host(host, lease: host == "a" ? 5 : 6, #","storage":\#(report)"#) }
        }
        expectOne(
            .ceph, "notice: Ceph warns: MON_DOWN, PG_DEGRADED", do: "ceph health detail",
            after: storage("b", #"{"warnings":["PG_DEGRADED","MON_DOWN"]}"#))
        expectOne(
            .ceph, "problem: Ceph says that it is broken: PG_DAMAGED", do: "ceph health detail",
            after: storage("a", #"{"errors":["PG_DAMAGED"]}"#))
        let room = "ceph osd df, then add OSDs or delete what nobody needs"
        expectOne(
            .ceph, "problem: Ceph is nearly full: guests are paused when it is (OSD_NEARFULL)",
            do: room, after: storage("a", #"{"warnings":["OSD_NEARFULL"]}"#))
        expectOne(
            .ceph, "problem: Ceph is full: guests that write are paused (OSD_FULL)",
            do: room, after: storage("a", #"{"errors":["OSD_FULL"],"warnings":["POOL_NEARFULL"]}"#))
        // What two hosts say is one thing.
        #expect(
            found(.ceph) { cluster in
                for name in ["a", "b"] { storage(name, #"{"warnings":["MON_DOWN"]}"#)(&cluster) }
            }.count == 1)
    }
}
