import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct VMStatusTests {
    static let id = VMID(unchecked: "v1")

    private func status(_ change: (inout Cluster) -> Void) -> VMStatus {
        var cluster = Cluster.running
        change(&cluster)
        return VMStatus(Self.id, in: cluster)
    }

    private func wanted(_ state: String, flavour: String = "f1") -> String {
        #"{"name":"web","flavour":"\#(flavour)","image":"debian","state":"\#(state)"}"#
    }

    @Test func takesTheClaimsWordWhileTheVMIsWanted() {
        for word in [
            "claimed", "starting", "running", "paused", "suspended", "stopping", "stopped",
        ] {
            #expect(status { $0.claim(word) }.word.rawValue == word)
        }
        let failed = status { $0.claim("failed", message: "no disk") }
        #expect(failed == status { $0.claim("failed", message: "no disk") })
        #expect(failed.word == .failed)
        #expect(failed.message == "no disk")
    }

    @Test func aRunningVMThatIsWantedStoppedIsStopping() {
        #expect(status { $0.put("desired_vms/v1", wanted("stop"), at: 10) }.word == .stopping)
    }

    @Test func withoutAClaimItIsStoppedOrPending() {
        let stopped = status {
            $0.put("desired_vms/v1", wanted("stop"), at: 10)
            $0.remove("actual_vms/v1")
        }
        #expect(stopped.word == .stopped)
        let pending = status { $0.remove("actual_vms/v1") }
        #expect(pending.word == .pending)
        #expect(pending.message == nil)
    }

    @Test func withoutADesiredRecordItIsDeleting() {
        #expect(status { $0.remove("desired_vms/v1") }.word == .deleting)
    }

    @Test func aRecordThatCannotBeReadIsMalformed() {
        let malformed = status { $0.put("desired_vms/v1", "{", at: 20) }
        #expect(malformed.word == .malformed)
        #expect(malformed.message?.contains("desired_vms/v1") == true)
    }

    @Test func aClaimOfAnEarlierVMUnderTheSameIDIsNotItsOwn() {
        let status = status { $0.put("desired_vms/v1", wanted("start"), at: 30) }
        #expect(status.word == .pending)
        #expect(status.message == "an earlier VM under this id is being removed")
    }

    private func reason(_ change: (inout Cluster) -> Void) -> String? {
        status {
            $0.remove("actual_vms/v1")
            change(&$0)
        }.message
    }

    @Test func saysWhyAVMStaysPending() {
        #expect(
            reason { $0.remove("hosts/n1") } == "no hosts are live, start metastack-node on one")
        #expect(
            reason {
                $0.remove("actual_images/i1")
                $0.remove("volumes/v1.root")
            } == "image debian is not imported yet")
        #expect(
            reason { $0.put("desired_vms/v1", wanted("start", flavour: "nope"), at: 10) }
                == "there is no flavour \"nope\"")
        #expect(
            reason { $0.put("desired_vms/v1", wanted("start", flavour: "f2"), at: 10) }
                == "no host can take it: n1: needs 65536 MiB, 7168 free of 8192, 1024 reserved")
        #expect(
            reason {
                $0.put(
                    "desired_vms/v1",
                    #"{"name":"w","flavour":"f1","image":"i1","host":"n9"}"#, at: 10)
            } == "host n9, to which it is pinned, is not live")
        #expect(
            reason { $0.put("declines/v1/n1", #"{"reason":"no disk"}"#, at: 40) }
                == "no host can take it: n1: it tried and could not: no disk")
        #expect(
            reason { $0.put("desired_vms/v1", wanted("start"), at: 30) }
                == "volumes of an earlier VM under this id are being removed")
    }

    /// A list finds out once what it has to know for all of them.
    @Test func aListSaysOfEachVMThatWaitsWhatIsSaidOfItAlone() throws {
        var cluster = Cluster.running
        for host in 2...5 {
            cluster.put(
                "hosts/n\(host)",
                #"{"name":"n\#(host)","total_ram":8192,"total_vcpu":4,"version":"0.1.0","#
                    + #""hypervisor":"QEMU 7.2","since":"2027-01-15T07:00:00.000Z"}"#,
                at: 5, lease: 7)
        }
        cluster.actualVMs[Self.id]?.value.macs = [MACAddress(vm: VMID(unchecked: "v4"), nic: 0)]
        let wishes = [
            "v2": #""flavour":"f2""#, "v3": #""flavour":"f2","host":"n2""#,
            "v4": #""flavour":"f1""#,
            "v5": #""flavour":"f1""#,
        ]
        for (vm, wish) in wishes {
            cluster.put(
                "desired_vms/\(vm)", #"{"name":"\#(vm)","image":"debian",\#(wish)}"#, at: 20)
        }
        let listed = Dictionary(
            uniqueKeysWithValues: cluster.vmListing(at: now).items.map {
                ($0.id, $0.cells.last?.text)
            })
        #expect(listed.count == 5)
        for vm in wishes.keys {
            let alone = VMStatus(VMID(unchecked: vm), in: cluster)
            #expect(alone.word == .pending)
            #expect(listed[vm] == alone.message)
        }
        let more = "; and 2 more"
        #expect(listed["v2"]??.hasPrefix("no host can take it: n1: needs 65536 MiB") == true)
        #expect(listed["v2"]??.hasSuffix(more) == true)
        #expect(
            listed["v3"]
                == "no host can take it: n2: needs 65536 MiB, 8192 free of 8192, 0 reserved")
        #expect(listed["v4"]??.hasPrefix("VM v1 has the same MAC address") == true)
        #expect(listed["v5"] == .some(nil))
    }
}
