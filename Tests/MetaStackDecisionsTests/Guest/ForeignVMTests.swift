import MetaStackDecisions
import MetaStackModel
import Testing

/// What a node does about VMs that another node owns, and about records that it cannot read.
struct ForeignVMTests {
    @Test(arguments: [
        LocalDomain.State.running, .paused, .ioError, .ended(reason: "crashed"),
    ])
    func destroysADomainOfAVMThatAnotherHostOwns(_ state: LocalDomain.State) {
        #expect(GuestSituation.empty.wanted().claimed(by: other).here(state).next.destroys)
    }

    @Test func leavesAnotherHostsVMAlone() {
        #expect(GuestSituation.empty.wanted().holding().claimed(by: other, .failed).next == .none)
        #expect(GuestSituation.empty.holding().claimed(by: other, .deleting).next == .none)
    }

    @Test func letsItsEvictedClientsInAgainOnceTheirDomainIsGone() {
        let mine = evicted(myClient, on: thisHost)
        let others = evicted(StorageClient(address: "10.0.0.3:0/3"), on: HostID(unchecked: "c"))
        let situation = GuestSituation.empty.wanted().claimed(by: other, .running)
            .remembering(other, incarnation: 30, evicted: [others, mine])
        #expect(situation.next == .liftEvictions([mine]))
        #expect(situation.here(.ioError).next.destroys)
    }

    @Test func leavesEvictionsOfOtherHostsInPlace() {
        let situation = GuestSituation.empty.wanted().claimed(by: other, .running)
            .remembering(other, evicted: [evicted(myClient, on: other)])
        #expect(situation.next == .none)
    }

    @Test func liftsEvictionsOnlyWhenNothingElseIsToBeDone() {
        let evictions = [evicted(StorageClient(address: "10.0.0.1:0/9"), on: thisHost)]
        let settled = GuestSituation.running.remembering(evicted: evictions)
        #expect(settled.next == .liftEvictions(evictions))
        #expect(
            settled.claimed(.starting, clients: [myClient]).next == .report(.running, message: nil))
        #expect(settled.here(.paused).next == .resume)
    }

    @Test(arguments: [
        RecordKey.desiredVM(web), .actualVM(web), .history(web), .volume(VolumeID(vm: web)),
    ])
    func touchesNothingWhileARecordIsMalformed(_ key: RecordKey) {
        var cluster = Cluster()
        let record = MalformedRecord(path: key.path, problem: "it is no JSON object")
        cluster.malformed[key.path] = record
        let domain = LocalDomain(
            vm: web, incarnation: Incarnation(3), vmCreateRevision: Revision(1), state: .running)
        let situation = GuestSituation(
            vm: web, me: thisHost, lease: myLease, in: cluster, domain: domain)
        #expect(situation.next == .handsOff(record))
        #expect(situation.wanted(.stop).claimed().next == .handsOff(record))
        #expect(situation.claimed(by: other).next == .handsOff(record))
    }

    @Test func aMalformedRecordOfAnotherVMChangesNothing() {
        var cluster = Cluster()
        cluster.malformed["desired_vms/db"] = MalformedRecord(path: "desired_vms/db", problem: "")
        let situation = GuestSituation(
            vm: web, me: thisHost, lease: myLease, in: cluster, domain: nil)
        #expect(situation.wanted().next == .claimToRun)
    }

    @Test func gathersTheRecordsOfOneVM() throws {
        let records = GuestSituation.running
        var cluster = Cluster()
        cluster.desiredVMs[web] = records.desired
        cluster.actualVMs[web] = records.claim
        cluster.volumes[web] = records.volumes
        cluster.histories[web] = records.history
        let domain = try #require(records.domain)
        #expect(
            GuestSituation(vm: web, me: thisHost, lease: myLease, in: cluster, domain: domain)
                == records)
    }

    @Test func removesWhatItMadeTooLateWhenNothingElseIsToBeDone() {
        let late = DiskImage(pool: PoolName(unchecked: "vms"), name: "web.root.1")
        var situation = GuestSituation.empty
        situation.orphans = [late]
        #expect(situation.next == .removeOrphans([late]))
        #expect(situation.wanted().next == .claimToRun)
        #expect(situation.wanted().claimed(by: other, .running).next == .removeOrphans([late]))
    }

    @Test(arguments: [ActualVM.State.claimed, .starting])
    func liftsNothingWhileTheOwnerIsAboutToStartTheGuest(_ state: ActualVM.State) {
        let mine = evicted(myClient, on: thisHost)
        let situation = GuestSituation.empty.wanted().claimed(by: other, state)
            .remembering(other, incarnation: 30, evicted: [mine])
        #expect(situation.next == .none)
        #expect(situation.claimed(by: other, .running).next == .liftEvictions([mine]))
    }
}
