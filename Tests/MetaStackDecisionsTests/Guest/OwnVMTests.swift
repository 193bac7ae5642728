import MetaStackDecisions
import MetaStackModel
import Testing

/// What a node does for a VM that it owns and that shall run.
struct OwnVMTests {
    @Test func carriesAClaimOfItsFormerSessionOverBeforeAnythingElse() {
        let former = LeaseNumber(6)
        #expect(GuestSituation.empty.wanted().claimed(lease: former).next == .carryOver)
        #expect(GuestSituation.empty.claimed(lease: former).here(.running).next == .carryOver)
    }

    @Test func saysThatTheDiskHasNoRecord() {
        let message = "the record of its root disk is missing"
        let situation = GuestSituation.empty.wanted().claimed()
        #expect(situation.next == .report(.failed, message: message))
        #expect(situation.claimed(.failed, message: message).next == .none)
    }

    @Test func makesTheDiskThenStarts() {
        let claimed = GuestSituation.empty.wanted().claimed()
        #expect(claimed.holding(provisioned: false).next == .provision(VolumeID(vm: web)))
        #expect(claimed.holding().next == .start)
    }

    @Test func startsAgainWhereTheGuestWasNeverRecorded() {
        #expect(GuestSituation.empty.wanted().holding().claimed(.starting).next == .start)
    }

    @Test func resumesAGuestOnlyOnceItsClientsAreRecorded() {
        let paused = GuestSituation.empty.wanted().holding().here(.paused)
        for state in [ActualVM.State.starting, .running, .paused, .suspended] {
            #expect(paused.claimed(state, clients: [myClient]).next == .resume)
            #expect(paused.claimed(state).next.destroys)
        }
        for state in [ActualVM.State.claimed, .stopping, .stopped, .failed, .deleting] {
            #expect(paused.claimed(state, clients: [myClient]).next.destroys)
        }
    }

    @Test(arguments: [
        LocalDomain.State.running, .paused, .ioError, .ended(reason: "crashed"),
    ])
    func destroysADomainOfAnEarlierIncarnation(_ state: LocalDomain.State) {
        let claimed = GuestSituation.running.claimed(
            .running, incarnation: 30, clients: [myClient])
        #expect(claimed.here(state, incarnation: 20).next.destroys)
    }

    @Test func takesTheRevisionThatMadeTheClaimForItsIncarnation() {
        let unrecorded = GuestSituation.empty.wanted().holding().claimed(.starting)
        #expect(
            unrecorded.here(.running, incarnation: 20).next == .report(.running, message: nil))
        #expect(unrecorded.here(.running, incarnation: 21).next.destroys)
    }

    @Test func doesNothingWhileAllIsAsItShouldBe() {
        #expect(GuestSituation.running.next == .none)
    }

    @Test func saysWhatIsNew() {
        let running = GuestSituation.running
        #expect(running.wanted(written: 40).next == .report(.running, message: nil))
        #expect(
            running.claimed(.starting, incarnation: 20, clients: [myClient]).next
                == .report(.running, message: nil))
        #expect(
            running.claimed(.running, incarnation: 20, clients: [myClient], message: "old").next
                == .report(.running, message: nil))
    }

    @Test func looksAtAGuestThatStoppedAtAWriteError() {
        #expect(GuestSituation.running.here(.ioError).next == .examineWriteError)
    }

    @Test(arguments: [LocalDomain.State.running, .paused, .ioError])
    func leavesAGuestToOthersWhereItsDisksCannotBeReached(_ state: LocalDomain.State) {
        var cutOff = GuestSituation.running.here(state)
        cutOff.cannotServe = true
        #expect(cutOff.next == .giveUp(reason: "the storage is away from this host"))
    }

    @Test func clearsAwayADomainThatHasEnded() {
        #expect(
            GuestSituation.running.here(.ended(reason: "it crashed")).next
                == .destroy(reason: "it crashed"))
    }

    @Test(arguments: [GuestExit.shutDown, .crashed(reason: "its QEMU process ended")])
    func writesDownHowTheGuestEnded(_ exit: GuestExit) {
        var gone = GuestSituation.running
        gone.domain = nil
        #expect(gone.next == .noteExit(.crashed(reason: "its domain is gone")))
        gone.exit = exit
        #expect(gone.next == .noteExit(exit))
    }

    @Test func leavesAGuestDownThatShutItselfDown() {
        let down = GuestSituation.empty.wanted().holding().remembering().claimed(.stopped)
        #expect(down.next == .none)
        #expect(down.wanted(written: 40).next == .report(.claimed, message: nil))
    }
}
