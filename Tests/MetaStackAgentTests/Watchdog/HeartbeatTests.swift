import Testing

@testable import MetaStackAgent

struct HeartbeatTests {
    private let start = ContinuousClock.now

    @Test func startsWithTheFirstProof() {
        let heartbeat = Heartbeat(ttl: .seconds(6))
        heartbeat.turned(.guests, at: start)
        heartbeat.turned(.session, at: start, isProven: false)
        #expect(heartbeat.pulse(at: start + .seconds(60)) == .starting)
        heartbeat.turned(.session, at: start, isProven: true)
        #expect(
            heartbeat.pulse(at: start)
                == .turning(until: start + .milliseconds(2300), isProven: true))
    }

    @Test func goesOnWhileTheLoopsTurnThoughNothingIsProven() {
        let heartbeat = Heartbeat(ttl: .seconds(6))
        heartbeat.turned(.session, at: start, isProven: true)
        for second in 1...60 {
            let now = start + .seconds(second)
            heartbeat.turned(.session, at: now, isProven: false)
            heartbeat.turned(.guests, at: now)
            #expect(
                heartbeat.pulse(at: now)
                    == .turning(until: now + .milliseconds(2300), isProven: false))
        }
    }

    @Test func eachLoopHasToTurn() {
        let heartbeat = Heartbeat(ttl: .seconds(6))
        heartbeat.turned(.guests, at: start)
        heartbeat.turned(.session, at: start, isProven: true)
        heartbeat.turned(.session, at: start + .seconds(2), isProven: true)
        let due = start + .milliseconds(2300)
        #expect(heartbeat.pulse(at: due - .milliseconds(1)) == .turning(until: due, isProven: true))
        #expect(heartbeat.pulse(at: due) == .overdue(since: due))
        heartbeat.turned(.guests, at: start + .seconds(3))
        let next = start + .milliseconds(4300)
        #expect(heartbeat.pulse(at: start + .seconds(3)) == .turning(until: next, isProven: true))
    }

    @Test(arguments: [(5, 1833, 3), (2, 583, 1), (10, 3667, 6), (60, 22000, 40)])
    func aStalledAgentsGuestsStandStillOneMarginBeforeOthersMayRunThem(
        ttl: Int, timeout: Int, device: Int
    ) {
        let budget = WatchdogBudget(ttl: .seconds(ttl))
        #expect(Int((budget.timeout / .milliseconds(1)).rounded()) == timeout)
        #expect(budget.deviceTimeout == .seconds(device))
        #expect(budget.renewal + budget.timeout + budget.fence <= budget.ttl - budget.margin)
        #expect(budget.renewal + budget.deviceTimeout <= budget.ttl)
    }
}
