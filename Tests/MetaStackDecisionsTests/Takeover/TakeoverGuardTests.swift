import MetaStackDecisions
import MetaStackModel
import Testing

struct TakeoverGuardTests {
    private let start = ContinuousClock.now
    private let ttl = Duration.seconds(5)

    private func at(_ seconds: Double) -> ContinuousClock.Instant { start + .seconds(seconds) }

    /// So many hosts vanish one after the other, the first at 0 and each later by `apart` seconds.
    private func guardAfter(_ count: Int, of all: Int, apart: Double = 0.1) -> TakeoverGuard {
        var guardian = TakeoverGuard(ttl: ttl)
        for number in 0..<count {
            guardian.observe(
                .hostVanished(HostID(unchecked: "h\(number)"), left: all - number - 1),
                at: at(Double(number) * apart))
        }
        return guardian
    }

    @Test(arguments: [(3, 5), (4, 5), (51, 100)])
    func holdsBackWhereMoreThanHalfVanish(_ vanished: Int, _ all: Int) {
        let hold = guardAfter(vanished, of: all, apart: 0.01).hold(at: at(1), wanted: nil)
        #expect(hold?.reason == "\(vanished) of \(all) hosts vanished at once")
    }

    @Test(arguments: [(2, 3), (1, 2), (3, 6), (50, 100)])
    func holdsNothingBackWhereTwoOrHalfVanish(_ vanished: Int, _ all: Int) {
        #expect(guardAfter(vanished, of: all, apart: 0.01).hold(at: at(1), wanted: nil) == nil)
    }

    @Test func hostsThatVanishOneByOneAreNoStorm() {
        #expect(guardAfter(4, of: 5, apart: 11).hold(at: at(33), wanted: nil) == nil)
    }

    @Test func hostsThatAreBackDoNotCount() {
        var guardian = guardAfter(2, of: 5)
        guardian.observe(.hostAppeared(HostID(unchecked: "h0")), at: at(1))
        guardian.observe(.hostVanished(HostID(unchecked: "h2"), left: 3), at: at(2))
        #expect(guardian.hold(at: at(2), wanted: nil) == nil)
    }

    @Test func aStormIsWaitedForHalfAMinute() {
        let guardian = guardAfter(3, of: 5, apart: 0)
        #expect(guardian.hold(at: at(0), wanted: nil)?.until == at(30))
        #expect(guardian.hold(at: at(29.9), wanted: nil) != nil)
        #expect(guardian.hold(at: at(30), wanted: nil) == nil)
    }

    @Test func ownersHaveOneTimeToLiveAfterEtcdsReturn() {
        var guardian = TakeoverGuard(ttl: ttl)
        guardian.observe(.etcdReturned, at: at(0))
        #expect(guardian.hold(at: at(4.9), wanted: nil)?.until == at(5))
        #expect(guardian.hold(at: at(5), wanted: nil) == nil)
    }

    @Test func goesOnWhenTold() {
        var guardian = guardAfter(3, of: 5)
        guardian.observe(.toldToGoOn, at: at(1))
        #expect(guardian.hold(at: at(1), wanted: TakeoverSwitch(state: .armed)) == nil)
    }

    @Test func theSwitchHoldsAsLongAsItSays() {
        let disarmed = TakeoverSwitch(state: .disarmed, reason: "network work in rack 2")
        let hold = TakeoverGuard(ttl: ttl).hold(at: at(9999), wanted: disarmed)
        #expect(hold?.reason == "takeovers are disarmed: network work in rack 2")
        #expect(hold?.until == nil)
    }
}
