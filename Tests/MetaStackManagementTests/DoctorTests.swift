import Foundation
import MetaStackModel
import MetaStackStore
import Testing

@testable import MetaStackManagement

@Suite struct DoctorTests {
    private static let long = "2027-01-15T05:00:00.000Z"

    /// Runs the checks of a group and expects one finding.
    private func expect(
        _ group: Check.Group, _ said: String, do remedy: String?,
        _ location: SourceLocation = #_sourceLocation, after change: (inout Cluster) -> Void
    ) {
        let found = found(group, after: change)
        #expect(found.map(\.said) == [said], sourceLocation: location)
        #expect(found.map(\.remedy) == [remedy], sourceLocation: location)
    }

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

    // MARK: Ceph

    @Test func hostsWhoseStorageIsAwayAreOneFinding() {
        expect(
            .ceph, "problem: on host a, b the storage is away: timed out; monitor c", do: "ceph -s"
        ) {
            let words = #","message":"libvirt is away; the storage is away: timed out; monitor c""#
            $0.host("a", lease: 5, words)
            $0.host("b", lease: 6, words)
        }
    }

    @Test func aPoolThatIsMissingIsMadeByACommand() {
        expect(
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
        expect(
            .ceph, "notice: host b does not use pool images, which others do",
            do: "compare storage in its configuration with theirs"
        ) { $0.hosts[HostID(unchecked: "b")]?.value.pools.removeLast() }
        expect(
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
        expect(
            .ceph, "notice: Ceph warns: MON_DOWN, PG_DEGRADED", do: "ceph health detail",
            after: storage("b", #"{"warnings":["PG_DEGRADED","MON_DOWN"]}"#))
        expect(
            .ceph, "problem: Ceph says that it is broken: PG_DAMAGED", do: "ceph health detail",
            after: storage("a", #"{"errors":["PG_DAMAGED"]}"#))
        let room = "ceph osd df, then add OSDs or delete what nobody needs"
        expect(
            .ceph, "problem: Ceph is nearly full: guests are paused when it is (OSD_NEARFULL)",
            do: room, after: storage("a", #"{"warnings":["OSD_NEARFULL"]}"#))
        expect(
            .ceph, "problem: Ceph is full: guests that write are paused (OSD_FULL)",
            do: room, after: storage("a", #"{"errors":["OSD_FULL"],"warnings":["POOL_NEARFULL"]}"#))
        // What two hosts say is one thing.
        #expect(
            found(.ceph) { cluster in
                for name in ["a", "b"] { storage(name, #"{"warnings":["MON_DOWN"]}"#)(&cluster) }
            }.count == 1)
    }

    @Test func whatNodesFindInTheStorageAndNoRecordKnowsIsTold() {
        expect(
            .storage,
            "problem: no record knows the image vms/v9.root.0123456789abcdef, which a node has made",
            do: "look whether somebody misses it (rbd info vms/v9.root.0123456789abcdef), then "
                + "rbd snap ls vms/v9.root.0123456789abcdef and rbd rm vms/v9.root.0123456789abcdef"
        ) {
            $0.host(
                "a", lease: 5,
                #","storage":{"unknown_images":["vms/v9.root.0123456789abcdef","vms/v1.x"]}"#)
        }
        expect(
            .storage,
            "notice: Ceph refuses 10.0.0.1:0/7 of host a, and no record says why; it runs out by "
                + "itself, or sooner once no guest of it is left there (virsh list --all)",
            do: "ceph osd blocklist rm 10.0.0.1:0/7"
        ) {
            $0.host("a", lease: 5, #","storage":{"unknown_evictions":["10.0.0.1:0/7"]}"#)
        }
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
        expect(
            .hosts, "notice: host b is in maintenance since 2027-01-12, 3d (by ops): fans",
            do: "metastack host ready b", after: since("2027-01-12T08:00:00.000Z"))
        expect(
            .hosts, "problem: host b is in maintenance since 2027-01-07, 8d (by ops): fans",
            do: "metastack host ready b", after: since("2027-01-07T07:00:00.000Z"))
    }

    // MARK: Hosts

    @Test func hostsThatAreTroubledOrHoldBackAreTold() {
        expect(
            .hosts, "problem: host b takes no VMs: libvirt is away", do: "metastack host show b"
        ) { $0.host("b", lease: 6, #","message":"libvirt is away""#) }
        expect(
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
        expect(
            .hosts, "notice: host a is in maintenance: fans, 1 VM is still there",
            do: "metastack host ready a"
        ) { $0.put("desired_hosts/a", #"{"state":"maintenance","reason":"fans"}"#, at: 20) }
        expect(
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

    // MARK: VMs

    @Test func aVMThatFailedOrStandsStillIsTold() {
        expect(.vms, "problem: vm web is failed: no disk", do: "metastack vm start web") {
            $0.claim("a", "failed", #","message":"no disk""#)
        }
        expect(
            .vms, "problem: vm web has been starting on host a for 3h: waits for Ceph",
            do: "metastack vm show web"
        ) { $0.claim("a", "starting", since: Self.long, #","message":"waits for Ceph""#) }
        #expect(
            found(.vms) { $0.claim("a", "starting", since: "2027-01-15T07:59:00.000Z") }.isEmpty)
    }

    @Test func aMoveThatDoesNotEndAndAPinThatIsNotFollowedAreTold() {
        func move(_ since: String) -> String {
            #","move":{"id":"m","to":"b","live":true,"reason":"x","drains":false,"#
                + #""since":"\#(since)","progress":40}"#
        }
        expect(
            .vms, "problem: vm web has been moving to host b for 3h, 40 % is there",
            do: "metastack vm show web"
        ) { $0.claim("a", "running", move(Self.long)) }
        #expect(
            found(.vms) { $0.claim("a", "running", move("2027-01-15T07:59:00.000Z")) }.isEmpty)
        expect(
            .vms, "notice: vm web is on host a and shall be on host b",
            do: "metastack explain web"
        ) {
            $0.put(
                "desired_vms/v1", #"{"name":"web","flavour":"f1","image":"i1","host":"b"}"#, at: 10)
        }
    }

    // MARK: Records

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
            expect(.records, said(path), do: remedy) { $0.put(path, "nonsense", at: 20) }
        }
    }

    @Test func recordsThatShouldGoWithTheirHostAndWouldNotAreTold() {
        let remedy =
            "etcdctl --endpoints=https://e1:2379,https://e2:2379,https://e3:2379 del "
            + "/metastack/"
        expect(
            .records,
            "problem: record actual_vms/v1 stands under no lease, so it stays when its host is gone",
            do: remedy + "actual_vms/v1"
        ) { $0.claim(lease: nil) }
        expect(
            .records,
            "problem: record declines/v1/b stands under no lease, so it stays when its host is gone",
            do: remedy + "declines/v1/b"
        ) { $0.put("declines/v1/b", #"{"reason":"x"}"#, at: 20) }
        let host = found(.records) { $0.host("b", lease: nil) }
        #expect(host.map(\.remedy) == [remedy + "hosts/b"])
    }

    @Test func claimsOfHostsThatAreNotThereAndOfOtherSessionsAreTold() {
        expect(
            .records, "problem: vm web is claimed by host z, which is not live",
            do: "systemctl status metastack-node on host z"
        ) { $0.claim("z") }
        expect(
            .records,
            "problem: vm web is claimed under another session than that of its host a",
            do: "systemctl restart metastack-node on host a"
        ) { $0.claim(lease: 99) }
        expect(
            .records, "notice: vm v1 is wanted no more, and host a has not begun to remove it",
            do: "metastack vm show v1"
        ) { $0.put("desired_vms/v1", nil, at: 20) }
    }

    @Test func whatBelongsToNothingIsTold() {
        expect(
            .records, "notice: vm web is expected by host b and does not move",
            do: "etcdctl --endpoints=https://e1:2379,https://e2:2379,https://e3:2379 del "
                + "/metastack/arrivals/v1"
        ) { $0.put("arrivals/v1", #"{"host":"b","answers":"m"}"#, at: 20, lease: 6) }
        expect(
            .records,
            "notice: hosts declined vm v9, which is no more: it is forgotten within 10 minutes",
            do: nil
        ) { $0.put("declines/v9/b", #"{"reason":"x"}"#, at: 20, lease: 6) }
    }

    @Test func doubledNamesAndTokensThatHoldNoMoreAreNotices() {
        expect(
            .records, "notice: 2 vms are named web, so only ids tell them apart",
            do: "metastack vm set v1 name=NAME"
        ) { $0.put("desired_vms/v2", #"{"name":"web","flavour":"f1","image":"i1"}"#, at: 20) }
        expect(
            .records, "notice: token ci holds no more", do: "metastack token revoke t1"
        ) {
            $0.put(
                "tokens/t1",
                #"{"name":"ci","hash":"sha256:\#(String(repeating: "0", count: 64))","#
                    + #""role":"viewer","expires_at":"2027-01-15T07:00:00Z"}"#, at: 20)
        }
    }

    // MARK: Storage

    private func evicted(on host: String, at time: String) -> String {
        #"{"vm_create_revision":10,"host":"a","incarnation":11,"#
            + #""evicted":[{"client":"b:0/7","host":"\#(host)","at":"\#(time)"}]}"#
    }

    @Test func evictionsThatALiveHostDoesNotLiftAreAProblem() {
        expect(
            .storage,
            "problem: the evictions of b:0/7 are not lifted since 3h, though host b is live",
            do: "systemctl restart metastack-node on host b"
        ) { $0.put("vm_history/v1", evicted(on: "b", at: Self.long), at: 20) }
        expect(
            .storage, "notice: the evictions of b:0/7 stand until host z is back",
            do: "start metastack-node on host z"
        ) { $0.put("vm_history/v1", evicted(on: "z", at: Self.long), at: 20) }
        #expect(
            found(.storage) {
                $0.put("vm_history/v1", evicted(on: "b", at: "2027-01-15T07:59:00.000Z"), at: 20)
            }.isEmpty)
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
        expect(
            .storage,
            "problem: vm v9 is wanted no more and nobody removes its disk vms/v9.x: Ceph is away",
            do: "metastack vm show v9"
        ) {
            $0.put(
                "volumes/v9.root",
                #"{"pool":"vms","image":"v9.x","vm":"v9","vm_create_revision":1}"#, at: 20)
            $0.put("declines/v9/a", #"{"reason":"Ceph is away"}"#, at: 21, lease: 5)
        }
        expect(
            .storage,
            "notice: disk vms/v1.x is that of an earlier vm under the id v1, and is removed before "
                + "this one starts", do: "metastack vm show v1"
        ) { $0.desiredVMs[VMID(unchecked: "v1")]?.createRevision = Revision(9) }
    }

    @Test func manyAttemptsAndFailedImagesAreTold() {
        let many = "[" + (1...8).map { "\"x\($0)\"" }.joined(separator: ",") + "]"
        expect(
            .storage, "notice: disk v1.root was begun 9 times", do: "metastack vm show v1"
        ) {
            $0.put(
                "volumes/v1.root",
                #"{"pool":"vms","image":"v1.x","vm":"v1","vm_create_revision":10,"discarded":"#
                    + many + "}", at: 20)
        }
        expect(
            .storage, "problem: image debian is failed: not found",
            do: "metastack image show debian"
        ) {
            $0.put(
                "actual_images/i1", #"{"host":"a","state":"failed","message":"not found"}"#, at: 20)
        }
    }
}
