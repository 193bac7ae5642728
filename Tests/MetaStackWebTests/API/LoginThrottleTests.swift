import Testing

@testable import MetaStackWeb

/// Who tries tokens, and for how long that shuts whom out.
@Suite struct LoginThrottleTests {
    private let start = ContinuousClock.now

    private func failed(_ times: Int, _ address: String = "a") -> LoginThrottle {
        let throttle = LoginThrottle()
        for _ in 0..<times { throttle.failed(address, at: start) }
        return throttle
    }

    @Test func theLastFailureShutsItOutUntilTheWindowIsOver() {
        #expect(failed(LoginThrottle.mostFailures - 1).wait("a", at: start) == nil)
        let throttle = failed(LoginThrottle.mostFailures)
        #expect(throttle.wait("a", at: start) == LoginThrottle.window)
        #expect(throttle.wait("a", at: start + .seconds(59)) == .seconds(1))
        let later = start + LoginThrottle.window
        #expect(throttle.wait("a", at: later) == nil)
        // It begins anew, and not where it was.
        throttle.failed("a", at: later)
        #expect(throttle.wait("a", at: later) == nil)
    }

    @Test func othersAreNotShutOut() {
        let throttle = failed(LoginThrottle.mostFailures)
        #expect(throttle.wait("b", at: start) == nil)
    }

    @Test func failuresThatAreFarApartDoNotCountTogether() {
        let throttle = failed(LoginThrottle.mostFailures - 1)
        let later = start + LoginThrottle.window
        throttle.failed("a", at: later)
        #expect(throttle.wait("a", at: later) == nil)
    }
}
