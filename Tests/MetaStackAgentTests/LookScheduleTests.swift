import Testing

@testable import MetaStackAgent

/// When a host's networks are looked at.
struct LookScheduleTests {
    private let start = ContinuousClock.now

    private func after(_ seconds: Double) -> ContinuousClock.Instant {
        start + .seconds(seconds)
    }

    /// One that has looked once, at `start`, and hears of changes.
    private func rested(share: Double = 0) -> LookSchedule {
        var schedule = LookSchedule(at: start, share: share)
        _ = schedule.changed(at: start)
        schedule.begin(at: start)
        schedule.end(at: start, isWell: true)
        return schedule
    }

    @Test func theFirstLookIsDueAtOnce() {
        #expect(LookSchedule(at: start, share: 0.5).due == start)
    }

    @Test func atRestItIsMinutesAndNotTheSameForAll() {
        #expect(rested().due == after(300))
        #expect(rested(share: 0.5).due == after(330))
    }

    @Test func aChangeIsLookedAtHalfASecondLaterAndAHerdOfThemOnce() {
        var schedule = rested()
        var sooner = 0
        for count in 0..<100 where schedule.changed(at: after(20 + Double(count) / 1000)) {
            sooner += 1
        }
        #expect(sooner == 1 && schedule.due == after(20.5))
        schedule.begin(at: after(20.5))
        schedule.end(at: after(21), isWell: true)
        #expect(schedule.due == after(321))
    }

    @Test func looksThatChangesAskForAreTenSecondsApart() {
        var schedule = rested()
        _ = schedule.changed(at: after(3))
        #expect(schedule.due == after(10))
    }

    @Test func aChangeDuringALookIsLookedAtAgain() {
        var schedule = rested()
        _ = schedule.changed(at: after(20))
        schedule.begin(at: after(20.5))
        _ = schedule.changed(at: after(20.6))
        schedule.end(at: after(21), isWell: true)
        #expect(schedule.due == after(30.5))
    }

    @Test func whatIsNotWellIsLookedAtEveryTenSeconds() {
        var schedule = rested()
        schedule.end(at: after(1), isWell: false)
        #expect(schedule.due == after(11))
    }

    @Test func whereNobodyTellsItIsEveryTenSeconds() {
        var schedule = rested()
        schedule.isNotTold(at: after(1))
        #expect(schedule.due == after(11))
        schedule.begin(at: after(11))
        schedule.end(at: after(12), isWell: true)
        #expect(schedule.due == after(22))
    }
}
