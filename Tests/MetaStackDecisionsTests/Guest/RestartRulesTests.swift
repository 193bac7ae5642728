import MetaStackDecisions
import MetaStackModel
import Testing

struct RestartRulesTests {
    private let crash = GuestExit.crashed(reason: "its QEMU process ended")

    @Test(arguments: [
        (DesiredVM.RestartPolicy.always, GuestExit.shutDown, true),
        (.always, .crashed(reason: ""), true),
        (.onFailure, .shutDown, false),
        (.onFailure, .crashed(reason: ""), true),
        (.never, .shutDown, false),
        (.never, .crashed(reason: ""), false),
    ])
    func thePolicySaysWhetherItStartsAgain(
        _ policy: DesiredVM.RestartPolicy, _ exit: GuestExit, _ starts: Bool
    ) {
        let verdict = RestartRules.verdict(exit, policy: policy, ends: 0)
        #expect(verdict == (starts ? .startAgain(after: .zero) : .stays))
    }

    @Test func aGuestThatWasAskedToEndStartsAgainWhateverThePolicy() {
        for policy in DesiredVM.RestartPolicy.allCases {
            let verdict = RestartRules.verdict(.shutDown, policy: policy, ends: 5, wasAsked: true)
            #expect(verdict == .startAgain(after: .zero))
        }
    }

    @Test func eachStartWaitsLongerUpToAMinute() {
        let delays = [1, 2, 3, 4, 6, 7, 8, 9, 11, 99].map { ends in
            RestartRules.verdict(crash, policy: .onFailure, ends: ends)
        }
        let seconds = [0, 1, 2, 4, 16, 32, 60, 60, 60, 60]
        #expect(delays == seconds.map { .startAgain(after: .seconds($0)) })
    }

    @Test(arguments: [5, 10, 15])
    func everyFifthTimeAnotherNodeMayTry(_ ends: Int) {
        #expect(RestartRules.verdict(crash, policy: .always, ends: ends) == .leaveToOthers)
    }
}
