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
}
