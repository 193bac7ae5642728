import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

/// What the doctor says of hosts.
@Suite struct HostDoctorTests {
    @Test func hostsThatAreTroubledOrHoldBackAreTold() {
        expectOne(
            .hosts, "problem: host b takes no VMs: libvirt is away", do: "metastack host show b"
        ) { $0.host("b", lease: 6, #","message":"libvirt is away""#) }
        expectOne(
            .hosts, "problem: takeovers are disarmed: work", do: "metastack takeover arm"
        ) { $0.put("global_config/takeover", #"{"state":"disarmed","reason":"work"}"#, at: 20) }
    }

    @Test func aSessionThatIsNotRenewedIsTold() {
        var etcd = EtcdCondition.well
        etcd.leases[6] = .init(remaining: .seconds(2), granted: .seconds(5))
        let found = found(.hosts, .well, etcd)
        #expect(
            found.map(\.said) == [
                "problem: host b does not renew its session: 2 s of 5 s are left"
            ])
        #expect(found.map(\.remedy) == ["systemctl status metastack-node on host b"])
    }

    @Test func maintenanceAndFullHostsAreNotices() {
        expectOne(
            .hosts, "notice: host a is in maintenance: fans, 1 VM is still there",
            do: "metastack host ready a"
        ) { $0.put("desired_hosts/a", #"{"state":"maintenance","reason":"fans"}"#, at: 20) }
        expectOne(
            .hosts, "notice: 90 % and more of the memory of host b are promised",
            do: "metastack rebalance --dry-run"
        ) { $0.host("b", lease: 6, #","used_ram":6500,"reserved_ram":1024"#) }
        // With twice as much to promise there is room.
        #expect(
            found(.hosts) {
                $0.host("b", lease: 6, #","used_ram":6500,"reserved_ram":1024"#)
                $0.put("desired_hosts/b", #"{"ram_overcommit":2}"#, at: 20)
            }.isEmpty)
    }

    @Test func hostsThatAreNotAlikeAreTold() {
        let found = found(.hosts) { cluster in
            let b = HostID(unchecked: "b")
            cluster.hosts[b]?.value.version = "0.2.0"
            cluster.hosts[b]?.value.domainType = "qemu"
            cluster.hosts[b]?.value.architecture = "aarch64"
            cluster.hosts[b]?.value.leaseTTL = 9000
        }
        #expect(
            found.map(\.said) == [
                "notice: hosts run different versions of metastack-node: 0.1.0 on a; 0.2.0 on b",
                "notice: hosts run guests differently: kvm on a; qemu on b",
                "notice: hosts have different processors: aarch64 on b; x86_64 on a",
                "notice: hosts have sessions of different lengths: 5000 ms on a; 9000 ms on b",
            ])
        // Who says nothing is taken for like the others.
        let silent = MetaStackManagementTests.found(.hosts) { cluster in
            cluster.hosts[HostID(unchecked: "b")]?.value.domainType = ""
        }
        #expect(silent.isEmpty)
    }

    @Test func aLongMaintenanceIsAProblem() {
        func since(_ time: String) -> (inout Cluster) -> Void {
            {
                $0.put(
                    "desired_hosts/b",
                    #"{"state":"maintenance","reason":"fans","by":"ops","since":"\#(time)"}"#,
                    at: 20)
            }
        }
        expectOne(
            .hosts, "notice: host b is in maintenance since 2027-01-12, 3d (by ops): fans",
            do: "metastack host ready b", after: since("2027-01-12T08:00:00.000Z"))
        expectOne(
            .hosts, "problem: host b is in maintenance since 2027-01-07, 8d (by ops): fans",
            do: "metastack host ready b", after: since("2027-01-07T07:00:00.000Z"))
    }
}
