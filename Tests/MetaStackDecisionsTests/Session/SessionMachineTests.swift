import MetaStackDecisions
import MetaStackModel
import Testing

struct SessionMachineTests {
    private let start = ContinuousClock.now
    private let lease = LeaseNumber(1)

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    /// A session of 5 s whose grant was sent at 0 and answered at 0.5, and published at 0.6.
    private var held: SessionMachine {
        var machine = SessionMachine(ttl: .seconds(5))
        machine.observe(.granted(lease, ttl: .seconds(5), sentAt: at(0)), at: at(0.5))
        machine.observe(.published(lease), at: at(0.6))
        return machine
    }

    @Test func grantsThenPublishesThenWaitsForTheFirstRenewal() {
        var machine = SessionMachine(ttl: .seconds(5))
        #expect(machine.next(at: at(0)) == .grant(ttl: .seconds(5)))
        machine.observe(.granted(lease, ttl: .seconds(5), sentAt: at(0)), at: at(0.5))
        #expect(machine.next(at: at(0.5)) == .publish(lease))
        machine.observe(.published(lease), at: at(0.6))
        #expect(machine.next(at: at(0.6)) == .wait(until: at(0) + .seconds(5) / 3))
        #expect(machine.next(at: at(1.7)) == .keepAlive(lease))
    }

    @Test func aNewSessionsProofIsNoneForGuestsUnderAnEarlierLease() {
        var machine = SessionMachine(ttl: .seconds(5))
        machine.observe(.began(safeUntil: nil), at: at(0))
        #expect(machine.strangersUnsafeFrom == nil)
        machine.observe(.granted(lease, ttl: .seconds(5), sentAt: at(0.1)), at: at(0.2))
        machine.observe(.published(lease), at: at(0.3))
        machine.observe(.renewed(lease, sentAt: at(1.7)), at: at(1.8))
        #expect(machine.strangersUnsafeFrom == at(0) + .seconds(5) / 3)
        #expect(machine.provenLease(at: at(2)) == lease)
    }

    @Test func guestsUnderAnEarlierLeaseAreSafeAsLongAsAnOutageMadeThem() {
        var machine = SessionMachine(ttl: .seconds(5))
        machine.observe(.began(safeUntil: nil), at: at(0))
        machine.observe(.outageProven(sentAt: at(1.5)), at: at(1.6))
        machine.observe(.granted(lease, ttl: .seconds(5), sentAt: at(2)), at: at(2))
        machine.observe(.published(lease), at: at(2))
        #expect(machine.strangersUnsafeFrom == at(5.5))
    }

    @Test func isNotProvenBeforeItsHostRecordStands() {
        var machine = SessionMachine(ttl: .seconds(5))
        #expect(machine.provenLease(at: at(0)) == nil)
        machine.observe(.granted(lease, ttl: .seconds(5), sentAt: at(0)), at: at(0.5))
        #expect(machine.provenLease(at: at(0.5)) == nil)
        #expect(machine.heldLease == lease)
    }

    @Test func countsFromTheSendTimeAndKeepsAMargin() {
        var machine = held
        #expect(machine.unprovenFrom == at(4))
        #expect(machine.provenLease(at: at(3.99)) == lease)
        #expect(machine.provenLease(at: at(4)) == nil)
        machine.observe(.renewed(lease, sentAt: at(2)), at: at(3.9))
        #expect(machine.unprovenFrom == at(6))
    }

    @Test func theMarginIsAFifthAndHalfASecondAtLeast() {
        #expect(SessionMachine(ttl: .seconds(2)).margin == .milliseconds(500))
        #expect(SessionMachine(ttl: .seconds(10)).margin == .seconds(2))
    }

    @Test func aLateAnswerNeverShortensWhatALaterOneProved() {
        var machine = held
        machine.observe(.renewed(lease, sentAt: at(3)), at: at(3.1))
        machine.observe(.renewed(lease, sentAt: at(1)), at: at(3.2))
        #expect(machine.unprovenFrom == at(7))
        #expect(machine.next(at: at(3.2)) == .wait(until: at(3) + .seconds(5) / 3))
    }

    @Test func aCallNeverLastsPastTheUnprovenInstant() {
        let machine = held
        #expect(machine.callDeadline(at: at(1)) == .seconds(5) / 3)
        #expect(machine.callDeadline(at: at(3.5)) == .milliseconds(500))
        #expect(machine.callDeadline(at: at(4.5)) == .seconds(5) / 3)
        #expect(SessionMachine(ttl: .seconds(3)).callDeadline(at: at(0)) == .seconds(1))
    }

    @Test func anEndedSessionGrantsAnew() {
        var machine = held
        machine.observe(.ended(lease), at: at(1))
        #expect(machine.provenLease(at: at(1)) == nil)
        #expect(machine.heldLease == nil)
        machine.observe(.guestsSuspended, at: at(1))
        #expect(machine.next(at: at(1)) == .grant(ttl: .seconds(5)))
    }

    @Test func wordOfAnotherLeaseChangesNothing() {
        var machine = held
        machine.observe(.ended(LeaseNumber(2)), at: at(1))
        machine.observe(.renewed(LeaseNumber(2), sentAt: at(3)), at: at(3))
        machine.observe(.published(LeaseNumber(2)), at: at(3))
        #expect(machine.unprovenFrom == at(4))
        #expect(machine.provenLease(at: at(3)) == lease)
    }

    @Test func aRenewalDoesNotBringAnEndedSessionBack() {
        var machine = held
        machine.observe(.ended(lease), at: at(1))
        machine.observe(.renewed(lease, sentAt: at(2)), at: at(2))
        #expect(machine.provenLease(at: at(2)) == nil)
    }

    @Test func waitsALittleAfterAFailureAndThenTriesTheSameAgain() {
        var machine = held
        machine.observe(.failed, at: at(2))
        #expect(machine.next(at: at(2.1)) == .wait(until: at(2) + .milliseconds(200)))
        #expect(machine.next(at: at(2.2)) == .keepAlive(lease))
        #expect(machine.provenLease(at: at(2.5)) == lease)
        machine.observe(.renewed(lease, sentAt: at(2.5)), at: at(2.6))
        #expect(machine.next(at: at(2.6)) == .wait(until: at(2.5) + .seconds(5) / 3))
    }

    @Test func aShortLeaseIsTriedAgainSooner() {
        var machine = SessionMachine(ttl: .seconds(2))
        machine.observe(.failed, at: at(0))
        #expect(machine.next(at: at(0)) == .wait(until: at(0.1)))
    }

    @Test func renewsAnUnprovenSessionAsLongAsEtcdDoesNotDenyIt() {
        var machine = held
        #expect(machine.next(at: at(9)) == .keepAlive(lease))
        machine.observe(.renewed(lease, sentAt: at(9)), at: at(9.1))
        #expect(machine.provenLease(at: at(9.1)) == lease)
    }

    // MARK: Guests

    @Test func guestsRunUntilOneMarginBeforeTheLeasesEnd() {
        let machine = held
        #expect(machine.guestCare(at: at(0.6)) == .run(lookAgain: at(2.75)))
        #expect(machine.guestCare(at: at(2.75)) == .askMembers(until: at(4)))
        #expect(machine.guestCare(at: at(3.99)) == .askMembers(until: at(4)))
        #expect(machine.guestCare(at: at(4)) == .suspend)
    }

    @Test func aProvenOutageLetsGuestsRunOnButProvesNoSession() {
        var machine = held
        machine.observe(.outageProven(sentAt: at(3)), at: at(3.1))
        #expect(machine.guestCare(at: at(4)) == .run(lookAgain: at(5.75)))
        #expect(machine.guestCare(at: at(7)) == .suspend)
        #expect(machine.provenLease(at: at(4)) == nil)
    }

    @Test func anOutageAfterTheLeasesEndProvesNothing() {
        var machine = held
        machine.observe(.outageProven(sentAt: at(5)), at: at(5.1))
        #expect(machine.guestCare(at: at(5.2)) == .suspend)
    }

    @Test func aRenewalLetsGuestsRunAgainAndAsksForALookAtThem() {
        var machine = held
        machine.observe(.guestsSuspended, at: at(4))
        machine.observe(.renewed(lease, sentAt: at(4.5)), at: at(4.6))
        #expect(machine.guestCare(at: at(4.6)) == .run(lookAgain: at(7.25)))
        let asked = [machine.takeGap(), machine.takeGap()]
        #expect(asked == [true, false])
    }

    /// Who found the session unproven meanwhile is asked again, though no turn of the session's loop
    /// has seen it.
    @Test func aGapWithinOneCallAsksForALook() {
        var machine = held
        var asked = [machine.takeGap()]
        machine.observe(.renewed(lease, sentAt: at(1)), at: at(3.99))
        asked.append(machine.takeGap())
        machine.observe(.renewed(lease, sentAt: at(3)), at: at(6))
        #expect(machine.provenLease(at: at(6)) == lease)
        asked.append(machine.takeGap())
        #expect(asked == [true, false, true])
    }

    @Test func noSessionBeginsWhileGuestsOfTheLastOneRun() {
        var machine = held
        machine.observe(.ended(lease), at: at(1))
        #expect(machine.guestCare(at: at(1)) == .suspend)
        #expect(machine.next(at: at(1)) == .suspendGuests)
        machine.observe(.guestsSuspended, at: at(1))
        #expect(machine.next(at: at(1)) == .grant(ttl: .seconds(5)))
    }

    @Test func guestsOfAnEarlierAgentHaveAThirdOfTheTimeToLive() {
        var machine = SessionMachine(ttl: .seconds(6))
        #expect(machine.guestCare(at: at(0)) == .suspend)
        machine.observe(.began(safeUntil: nil), at: at(0))
        #expect(machine.guestCare(at: at(0)) == .run(lookAgain: at(0.5)))
        #expect(machine.guestCare(at: at(2)) == .suspend)
        #expect(machine.next(at: at(0)) == .grant(ttl: .seconds(6)))
    }

    @Test func whatTheEarlierAgentKnewCountsForItsGuestsAndNoGuess() {
        var machine = SessionMachine(ttl: .seconds(6))
        machine.observe(.began(safeUntil: at(1.5)), at: at(0))
        #expect(machine.guestCare(at: at(0.2)) == .askMembers(until: at(1.5) - machine.margin))
        #expect(machine.guestCare(at: at(1.5) - machine.margin) == .suspend)
        machine.observe(.began(safeUntil: at(5)), at: at(2))
        #expect(
            machine.guestCare(at: at(2)) == .run(lookAgain: at(5) - machine.margin - .seconds(1.5)))
    }
}

struct QuorumWitnessTests {
    @Test(arguments: [
        ([MemberWord.hasNoLeader, .refusesConnection, .hasNoLeader], true),
        ([.refusesConnection, .refusesConnection, .isSilent], true),
        ([.refusesConnection], true),
        ([.hasNoLeader, .hasLeader, .isSilent], false),
        ([.refusesConnection, .isSilent, .isSilent], false),
        ([.refusesConnection, .refusesConnection, .isSilent, .isSilent], false),
        ([], false),
    ])
    func onlyAMajorityThatIsDownProvesAnOutage(_ words: [MemberWord], _ proves: Bool) {
        #expect(QuorumWitness.provesOutage(words) == proves)
    }
}
