import MetaStackDecisions
import MetaStackModel
import Testing

/// What a node does for a VM that it owns and that shall be stopped or is deleted.
struct EndingVMTests {
    private let stopping = GuestSituation.running.wanted(.stop, written: 40)

    @Test func asksARunningGuestToShutDown() {
        #expect(stopping.next == .shutDown)
    }

    @Test(arguments: [LocalDomain.State.paused, .ioError, .ended(reason: "off")])
    func endsAGuestThatCannotShutDown(_ state: LocalDomain.State) {
        #expect(stopping.here(state).next.destroys)
    }

    @Test func givesTheClaimBackOnlyWhenTheDomainIsGone() {
        var down = stopping
        down.domain = nil
        #expect(down.next == .release)
    }

    @Test func deletesDomainThenDisksThenRecords() {
        var deleted = GuestSituation.running
        deleted.desired = nil
        #expect(deleted.next.destroys)
        deleted.domain = nil
        #expect(deleted.next == .removeVolumes)
        deleted.volumes = [:]
        #expect(deleted.next == .forget)
    }

    @Test func aRecordWrittenAnewIsAnotherVM() {
        var rewritten = GuestSituation.running.wanted(created: 50, written: 50)
        #expect(rewritten.next.destroys)
        rewritten.domain = nil
        #expect(rewritten.next == .removeVolumes)
    }

    @Test func aClaimToCleanUpRemovesTheEarlierVMsDisks() {
        let claim = GuestSituation.empty.claimed(.deleting, wantedSince: 10)
        #expect(claim.holding().next == .removeVolumes)
        #expect(claim.wanted(created: 50, written: 50).holding().next == .removeVolumes)
        #expect(claim.next == .forget)
    }
}
