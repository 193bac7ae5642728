import MetaStackDecisions
import MetaStackModel
import Testing

/// What a node does where nobody owns the VM.
struct UnownedVMTests {
    @Test func doesNothingWhereNobodyWantsAnything() {
        #expect(GuestSituation.empty.next == .none)
    }

    @Test func claimsAVMThatShallRun() {
        #expect(GuestSituation.empty.wanted().next == .claimToRun)
    }

    @Test func claimsAVMThatRanBefore() {
        #expect(GuestSituation.empty.wanted().holding().remembering(other).next == .claimToRun)
    }

    @Test func leavesAStoppedVMAlone() {
        #expect(GuestSituation.empty.wanted(.stop).holding().remembering().next == .none)
    }

    @Test(arguments: [LocalDomain.State.running, .paused])
    func goesOnInPlaceWhereNobodyOwnedTheVMSince(_ state: LocalDomain.State) throws {
        let situation = GuestSituation.empty.wanted().holding().remembering().here(state)
        #expect(situation.next == .claimInPlace(try #require(situation.domain)))
    }

    @Test(arguments: [
        "nobody wants it": GuestSituation.empty.remembering().here(.running),
        "it shall be stopped": .empty.wanted(.stop).remembering().here(.running),
        "it was never recorded": .empty.wanted().here(.running),
        "another host owned it": .empty.wanted().remembering(other).here(.running),
        "this host owned it again": .empty.wanted().remembering(incarnation: 30).here(.running),
        "its record was written anew":
            .empty.wanted(created: 15, written: 15).remembering(of: 15).here(.running),
        "its history is a later VM's": .empty.wanted().remembering(of: 15).here(.running),
        "its client is evicted":
            .empty.wanted().remembering(evicted: [evicted(myClient, on: thisHost)]).here(.running),
        "it stopped at a write error": .empty.wanted().remembering().here(.ioError),
        "it has ended": .empty.wanted().remembering().here(.ended(reason: "crashed")),
    ])
    func destroysADomainThatMayNotGoOn(_ why: String, _ situation: GuestSituation) {
        #expect(situation.next.destroys, "\(why): \(situation.next)")
    }

    @Test func goesOnInPlaceWhereOnlyAFormerClientIsEvicted() throws {
        let former = StorageClient(address: "10.0.0.9:0/9")
        let situation = GuestSituation.empty.wanted()
            .remembering(evicted: [evicted(former, on: other)]).here(.paused)
        #expect(situation.next == .claimInPlace(try #require(situation.domain)))
    }

    @Test func cleansUpTheDiskOfADeletedVM() {
        #expect(
            GuestSituation.empty.holding().next == .claimToCleanUp(vmCreateRevision: Revision(10)))
    }

    @Test func cleansUpTheHistoryOfADeletedVM() {
        #expect(
            GuestSituation.empty.remembering().next
                == .claimToCleanUp(vmCreateRevision: Revision(10)))
    }

    @Test func cleansUpTheAddressesOfADeletedVM() throws {
        var cluster = Cluster()
        try cluster.hold("10.7.0.5", of: "blue", by: web.text, created: 10)
        #expect(cluster.addresses.holders == [web])
        let left = GuestSituation(vm: web, me: thisHost, lease: myLease, in: cluster, domain: nil)
        #expect(left.next == .claimToCleanUp(vmCreateRevision: Revision(10)))
        #expect(left.claimed(.deleting).next == .forget)
        #expect(left.wanted().next == .claimToRun)
    }

    @Test func cleansUpAnEarlierVMBeforeItRunsALaterOneUnderTheSameId() {
        let rewritten = GuestSituation.empty.wanted(created: 50, written: 50)
        #expect(
            rewritten.holding().remembering().next
                == .claimToCleanUp(vmCreateRevision: Revision(10)))
        #expect(rewritten.holding(of: 50).remembering(of: 50).next == .claimToRun)
    }

    @Test func cleansUpTheEarliestOfSeveralLeftovers() {
        #expect(
            GuestSituation.empty.holding(of: 30).remembering(of: 10).next
                == .claimToCleanUp(vmCreateRevision: Revision(10)))
    }

    @Test func endsAStrayDomainBeforeItCleansUp() {
        #expect(GuestSituation.empty.holding().remembering().here(.paused).next.destroys)
    }

    // MARK: Takeovers that wait

    private static let hold = TakeoverHold(reason: "3 of 5 hosts vanished at once")

    @Test func holdsATakeoverBack() {
        var waiting = GuestSituation.empty.wanted().holding().remembering(other)
        #expect(waiting.next == .claimToRun)
        waiting.hold = Self.hold
        #expect(waiting.next == .holdBack(Self.hold))
    }

    @Test(arguments: [
        "never ran": GuestSituation.empty.wanted(),
        "was stopped in order": .empty.wanted().holding().remembering(other, clients: []),
        "ran here": .empty.wanted().holding().remembering(thisHost),
    ])
    func holdsNothingElseBack(_ name: String, _ situation: GuestSituation) {
        var waiting = situation
        waiting.hold = Self.hold
        #expect(waiting.next == .claimToRun)
    }

    @Test func aGuestThatEndedStaysSoAlsoWithoutAnOwnerUntilTheRecordIsWrittenAgain() {
        let ended = GuestSituation.empty.wanted(written: 30).holding()
            .remembering(other, clients: [], endedFor: 30)
        #expect(ended.next == .none)
        #expect(ended.wanted(written: 40).next == .claimToRun)
    }
}
