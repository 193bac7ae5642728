import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

/// What the doctor says of VMs.
@Suite struct VMDoctorTests {
    @Test func aVMThatFailedOrStandsStillIsTold() {
        expectOne(.vms, "problem: vm web is failed: no disk", do: "metastack vm start web") {
            $0.claim("a", "failed", #","message":"no disk""#)
        }
        expectOne(
            .vms, "problem: vm web has been starting on host a for 3h: waits for Ceph",
            do: "metastack vm show web"
        ) { $0.claim("a", "starting", since: longAgo, #","message":"waits for Ceph""#) }
        #expect(
            found(.vms) { $0.claim("a", "starting", since: "2027-01-15T07:59:00.000Z") }.isEmpty)
    }

    @Test func aMoveThatDoesNotEndAndAPinThatIsNotFollowedAreTold() {
        func move(_ since: String) -> String {
            #","move":{"id":"m","to":"b","live":true,"reason":"x","drains":false,"#
                + #""since":"\#(since)","progress":40}"#
        }
        expectOne(
            .vms, "problem: vm web has been moving to host b for 3h, 40 % is there",
            do: "metastack vm show web"
        ) { $0.claim("a", "running", move(longAgo)) }
        #expect(
            found(.vms) { $0.claim("a", "running", move("2027-01-15T07:59:00.000Z")) }.isEmpty)
        expectOne(
            .vms, "notice: vm web is on host a and shall be on host b",
            do: "metastack explain web"
        ) {
            $0.put(
                "desired_vms/v1", #"{"name":"web","flavour":"f1","image":"i1","host":"b"}"#, at: 10)
        }
    }
}
