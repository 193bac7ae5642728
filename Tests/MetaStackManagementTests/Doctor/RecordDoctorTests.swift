import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

/// What the doctor says of records.
@Suite struct RecordDoctorTests {
    @Test func recordsThatCannotBeReadAreNamedWithTheirKeys() {
        func said(_ path: String) -> String {
            "problem: record \(path) is malformed: it is no JSON object (key /metastack/\(path))"
        }
        let cases: [(path: String, remedy: String)] = [
            ("desired_vms/bad", "metastack vm delete bad"),
            ("images/bad", "metastack image delete bad"),
            ("tokens/bad", "metastack token revoke bad"),
            (
                "actual_vms/bad",
                "etcdctl --endpoints=https://e1:2379,https://e2:2379,https://e3:2379 del "
                    + "/metastack/actual_vms/bad"
            ),
            (
                "vm_history/bad",
                "etcdctl --endpoints=https://e1:2379,https://e2:2379,https://e3:2379 get "
                    + "/metastack/vm_history/bad, and write it as it was: it protects the VM's disk"
            ),
        ]
        for (path, remedy) in cases {
            expectOne(.records, said(path), do: remedy) { $0.put(path, "nonsense", at: 20) }
        }
    }

    @Test func recordsThatShouldGoWithTheirHostAndWouldNotAreTold() {
        let remedy =
            "etcdctl --endpoints=https://e1:2379,https://e2:2379,https://e3:2379 del "
            + "/metastack/"
        expectOne(
            .records,
            "problem: record actual_vms/v1 stands under no lease, so it stays when its host is gone",
            do: remedy + "actual_vms/v1"
        ) { $0.claim(lease: nil) }
        expectOne(
            .records,
            "problem: record declines/v1/b stands under no lease, so it stays when its host is gone",
            do: remedy + "declines/v1/b"
        ) { $0.put("declines/v1/b", #"{"reason":"x"}"#, at: 20) }
        let host = found(.records) { $0.host("b", lease: nil) }
        #expect(host.map(\.remedy) == [remedy + "hosts/b"])
    }

    @Test func claimsOfHostsThatAreNotThereAndOfOtherSessionsAreTold() {
        expectOne(
            .records, "problem: vm web is claimed by host z, which is not live",
            do: "systemctl status metastack-node on host z"
        ) { $0.claim("z") }
        expectOne(
            .records,
            "problem: vm web is claimed under another session than that of its host a",
            do: "systemctl restart metastack-node on host a"
        ) { $0.claim(lease: 99) }
        expectOne(
            .records, "notice: vm v1 is wanted no more, and host a has not begun to remove it",
            do: "metastack vm show v1"
        ) { $0.put("desired_vms/v1", nil, at: 20) }
    }

    @Test func whatBelongsToNothingIsTold() {
        expectOne(
            .records, "notice: vm web is expected by host b and does not move",
            do: "etcdctl --endpoints=https://e1:2379,https://e2:2379,https://e3:2379 del "
                + "/metastack/arrivals/v1"
        ) { $0.put("arrivals/v1", #"{"host":"b","answers":"m"}"#, at: 20, lease: 6) }
        expectOne(
            .records,
            "notice: hosts declined vm v9, which is no more: it is forgotten within 10 minutes",
            do: nil
        ) { $0.put("declines/v9/b", #"{"reason":"x"}"#, at: 20, lease: 6) }
    }

    @Test func doubledNamesAndTokensThatHoldNoMoreAreNotices() {
        expectOne(
            .records, "notice: 2 vms are named web, so only ids tell them apart",
            do: "metastack vm set v1 name=NAME"
        ) { $0.put("desired_vms/v2", #"{"name":"web","flavour":"f1","image":"i1"}"#, at: 20) }
        expectOne(
            .records, "notice: token ci holds no more", do: "metastack token revoke t1"
        ) {
            $0.put(
                "tokens/t1",
                #"{"name":"ci","hash":"sha256:\#(String(repeating: "0", count: 64))","#
                    + #""role":"viewer","expires_at":"2027-01-15T07:00:00Z"}"#, at: 20)
        }
    }

    @Test func addressesOfVMsAndNetworksThatAreNoMoreAreTold() {
        let held = #"{"vm": "v9", "vm_create_revision": 3, "mac": "02:00:00:00:00:01"}"#
        expectOne(
            .records,
            "notice: 10.7.0.5 of network blue is held for a vm v9 that is no more: a live node gives "
                + "back what it held", do: "metastack host list"
        ) {
            $0.put("networks/n1", #"{"name": "blue", "kind": "bridge"}"#, at: 19)
            $0.put("addresses/n1/10.7.0.5", held, at: 20)
        }
        expectOne(
            .records,
            "notice: 10.7.0.5 of network gone is held by vm web, and there is no such network",
            do: "metastack vm nic list v1"
        ) { cluster in
            let created = cluster.desiredVMs[VMID(unchecked: "v1")]?.createRevision.number ?? 0
            cluster.put(
                "addresses/gone/10.7.0.5",
                #"{"vm": "v1", "vm_create_revision": \#(created), "mac": "02:00:00:00:00:01"}"#,
                at: 20)
        }
    }
}
