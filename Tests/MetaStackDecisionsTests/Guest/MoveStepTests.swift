import MetaStackDecisions
import MetaStackModel
import Testing

/// Moves as their two ends see them.
struct MoveStepTests {
    private func move(live: Bool = true, to host: HostID = other) -> GuestMove {
        GuestMove(
            id: "m", to: host, live: live, reason: "test", since: Timestamp(milliseconds: 0))
    }

    /// `web` runs here and goes to `b`.
    private func leaving(live: Bool = true) -> GuestSituation {
        var situation = GuestSituation.empty.wanted().holding().remembering()
            .claimed(.running, incarnation: 20, clients: [myClient]).here(.running)
        situation.claim?.value.move = move(live: live)
        situation.hasBegunMove = true
        situation.move = .go(.init(to: other, live: live, reason: "test"))
        return situation
    }

    /// `web` runs on `b` and comes here.
    private func coming() -> GuestSituation {
        var situation = GuestSituation.empty.wanted().holding().remembering()
            .claimed(by: other, .running, incarnation: 20, clients: [myClient])
        situation.claim?.value.move = move(to: thisHost)
        return situation
    }

    private func answer(
        by host: HostID, lease: LeaseNumber = myLease, refusal: String? = nil
    ) -> Stored<Arrival> {
        Stored(
            Arrival(host: host, answers: "m", uri: "test", refusal: refusal),
            revision: Revision(30), createRevision: Revision(30), lease: lease)
    }

    @Test func theTargetAnswersOnceAndThenWaits() {
        var situation = coming()
        #expect(situation.claim.map { situation.next == .answerMove($0) } == true)
        situation.arrival = answer(by: thisHost)
        #expect(situation.next == .none)
    }

    @Test func aTargetThatWasStartedAnewAnswersAgainAndKeepsWhatComes() {
        var situation = coming().here(.paused)
        situation.arrival = answer(by: thisHost, lease: LeaseNumber(6))
        #expect(situation.claim.map { situation.next == .answerMove($0) } == true)
    }

    @Test func aDomainThatWasThereBeforeTheMoveIsEndedFirst() {
        #expect(coming().here(.paused).next.destroys)
        var older = coming().here(.ioError, incarnation: 8)
        older.arrival = answer(by: thisHost)
        #expect(older.next.destroys)
    }

    @Test func noEvictionIsLiftedWhileTheVMMoves() {
        var situation = coming()
        situation.arrival = answer(by: thisHost)
        situation.history?.value.evicted = [evicted(myClient, on: thisHost)]
        #expect(situation.next == .none)
    }

    @Test func anAnswerIsWithdrawnThoughTheVMWaitsForAHost() {
        var situation = coming()
        situation.claim = nil
        situation.domain = nil
        #expect(situation.next == .claimToRun)
        situation.arrival = answer(by: thisHost)
        #expect(situation.next == .withdrawAnswer)
    }

    @Test func anAnswerThatHasServedIsWithdrawn() {
        var situation = GuestSituation.empty
        situation.arrival = answer(by: thisHost)
        #expect(situation.next == .withdrawAnswer)
    }

    @Test func theOwnerGoesOnWithAMoveThatItHasBegun() {
        var situation = leaving()
        #expect(situation.next == .goOnWithMove(move(), nil))
        situation.arrival = answer(by: other)
        #expect(situation.next == .goOnWithMove(move(), situation.arrival))
    }

    @Test func theOwnerEndsAMoveThatItDoesNotKnowOrNobodyWants() {
        var forgotten = leaving()
        forgotten.hasBegunMove = false
        #expect(forgotten.next == .endMove(reason: "its agent was restarted"))
        var unwanted = leaving()
        unwanted.move = .stay
        #expect(unwanted.next == .endMove(reason: "nobody asks for it any more"))
    }

    @Test func anOfflineMoveShutsDownOnceTheTargetHasAnsweredAndThenHandsOver() {
        var situation = leaving(live: false)
        #expect(situation.next == .goOnWithMove(move(live: false), nil))
        let word = answer(by: other)
        situation.arrival = word
        #expect(situation.next == .shutDown)
        situation.domain = nil
        #expect(situation.next == .handOver(move(live: false), word))
        situation.arrival = answer(by: other, refusal: "no room")
        #expect(situation.next != .handOver(move(live: false), word))
    }
}
