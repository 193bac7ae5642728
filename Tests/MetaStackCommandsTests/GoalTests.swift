import MetaStackModel
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

@Suite struct GoalTests {
    static let id = VMID(unchecked: "v1")

    private func progress(
        _ goal: VMGoal, _ change: (inout Cluster) -> Void = { _ in }
    ) -> Progress {
        var cluster = Cluster.running
        change(&cluster)
        return goal.progress(of: Self.id, in: cluster)
    }

    private func isWaiting(_ progress: Progress) -> Bool {
        if case .waiting = progress { true } else { false }
    }

    private static let stopped = #"{"name":"web","flavour":"f1","image":"i1","state":"stop"}"#

    @Test func runningIsReachedOnlyByAClaimThatSawTheRecord() {
        #expect(progress(.running(since: Revision(10))) == .done)
        #expect(isWaiting(progress(.running(since: Revision(12)))))
        #expect(isWaiting(progress(.running(since: Revision(99)))))
        #expect(isWaiting(progress(.running(since: Revision(10))) { $0.claim("starting") }))
        #expect(isWaiting(progress(.running(since: Revision(10))) { $0.remove("actual_vms/v1") }))
    }

    @Test func aFailureEndsTheWaitUnlessItIsOlderThanTheWish() {
        let fail: (inout Cluster) -> Void = { $0.claim("failed", message: "no disk") }
        #expect(progress(.running(since: Revision(10)), fail) == .failed("no disk"))
        #expect(isWaiting(progress(.running(since: Revision(12)), fail)))
    }

    @Test func runningCannotBeReachedWhenSomebodyElseDecidesOtherwise() {
        let goal = VMGoal.running(since: Revision(10))
        #expect(
            progress(goal) { $0.remove("desired_vms/v1") }
                == .failed("somebody deleted it meanwhile"))
        #expect(
            progress(goal) { $0.put("desired_vms/v1", Self.stopped, at: 13) }
                == .failed("somebody asked to stop it meanwhile"))
    }

    @Test func stoppedIsReachedWithoutAClaim() {
        let goal = VMGoal.stopped(since: Revision(13))
        let stop: (inout Cluster) -> Void = { $0.put("desired_vms/v1", Self.stopped, at: 13) }
        #expect(isWaiting(progress(goal)))
        #expect(isWaiting(progress(goal, stop)))
        #expect(
            progress(goal) {
                stop(&$0)
                $0.remove("actual_vms/v1")
            } == .done)
    }

    @Test func goneNeedsClaimAndVolumesGone() {
        let goal = VMGoal.gone(Revision(10))
        #expect(isWaiting(progress(goal)))
        #expect(
            progress(goal) { $0.remove("desired_vms/v1") } == .waiting("host n1 removes it"))
        #expect(
            progress(goal) {
                $0.remove("desired_vms/v1")
                $0.remove("actual_vms/v1")
            } == .waiting("a host to remove volumes v1.root"))
        #expect(
            progress(goal) {
                $0.remove("desired_vms/v1")
                $0.remove("actual_vms/v1")
                $0.remove("volumes/v1.root")
            } == .done)
        #expect(progress(.gone(Revision(5))) == .done)
    }

    @Test func anImageIsWaitedForUntilItIsReadyOrCannotBe() {
        let id = ImageID(unchecked: "i1")
        var cluster = Cluster.ready
        func after(_ json: String) -> Progress {
            cluster.put("actual_images/i1", json, at: 20)
            return ImageGoal.ready(id, since: Revision(3), in: cluster)
        }
        #expect(ImageGoal.ready(id, since: Revision(3), in: cluster) == .done)
        #expect(
            after(#"{"host":"n1","state":"importing","done":1,"total":3,"desired_revision":3}"#)
                == .waiting("importing 33 %"))
        let failed = #"{"host":"n1","state":"failed","desired_revision":3,"message":"no image""#
        #expect(after(failed + "}") == .failed("no image"))
        #expect(after(failed + ",\"retry\":true}") == .waiting("failed, no image"))
        cluster.remove("images/i1")
        #expect(
            ImageGoal.ready(id, since: Revision(3), in: cluster)
                == .failed("somebody deleted it meanwhile"))
        #expect(ImageGoal.gone(id, in: cluster) == .waiting("a host to remove it, no image"))
        cluster.remove("actual_images/i1")
        #expect(ImageGoal.gone(id, in: cluster) == .done)
    }

    @Test func aHostIsEmptyOnceItsMaintenanceIsKnownAndItsVMsAreGone() {
        let host = HostID(unchecked: "n1")
        var cluster = Cluster.running
        func progress() -> Progress { HostMaintenance.drained(host, since: Revision(20), cluster) }
        #expect(isWaiting(progress()), "what was read before the order tells nothing of it")
        cluster.put("desired_hosts/n1", #"{"state":"maintenance"}"#, at: 20)
        #expect(isWaiting(progress()))
        cluster.remove("actual_vms/v1")
        #expect(progress() == .done)
        cluster.put("desired_hosts/n1", #"{"state":"ready"}"#, at: 21)
        #expect(progress() == .failed("somebody ended the maintenance meanwhile"))
    }
}
