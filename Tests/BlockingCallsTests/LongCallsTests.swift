import BlockingCalls
import Synchronization
import Testing

/// Calls that may take as long as they like while they get on.
@Suite(.timeLimit(.minutes(2))) struct LongCallsTests {
    private let patience = Duration.milliseconds(300)

    @Test func aCallThatGetsOnOutlivesItsPatience() async throws {
        let calls = BlockingCalls(name: "test")
        let start = ContinuousClock.now
        let long = patience * 5
        let steps = try await calls.run("copy", patience: patience) { progress in
            var steps = 0
            while ContinuousClock.now < start + long {
                progress.step()
                steps += 1
            }
            return steps
        }
        #expect(steps > 0)
        #expect(calls.abandonedCalls == 0)
    }

    @Test func aCallThatStopsGettingOnIsGivenUp() async {
        let calls = BlockingCalls(name: "test")
        let gate = Gate()
        await #expect(
            throws: BlockingCallError.noProgress(caller: "test", call: "copy", within: patience)
        ) {
            try await calls.run("copy", patience: patience) { progress in
                progress.step()
                gate.hold()
            }
        }
        #expect(calls.abandonedCalls == 1)
        gate.open()
        await eventually { calls.abandonedCalls == 0 }
    }

    @Test func aCallThatWaitsForAThreadLosesNoPatience() async throws {
        let calls = BlockingCalls(name: "test", limit: 1)
        let gate = Gate()
        async let first: Void = calls.run("hold", deadline: .seconds(60)) { gate.hold() }
        await gate.reached()
        let ran = Mutex(false)
        async let second: Void = calls.run("copy", patience: .milliseconds(10)) { _ in
            ran.withLock { $0 = true }
        }
        await untilWaiting(1, in: calls)
        // Thirty times its patience, on a thread of its own.
        let (other, never) = (BlockingCalls(name: "other"), Gate())
        await #expect(throws: BlockingCallError.self) {
            try await other.run("wait", deadline: patience) { never.hold() }
        }
        never.open()
        #expect(!ran.withLock { $0 })
        gate.open()
        try await first
        try await second
        #expect(ran.withLock { $0 })
    }

    @Test func aCallForWhichNoThreadWillComeEnds() async {
        let calls = BlockingCalls(name: "test", limit: 1)
        let gate = Gate()
        let hanging = Task {
            try await calls.run("hang", deadline: .milliseconds(200)) { gate.hold() }
        }
        await gate.reached()
        await #expect(
            throws: BlockingCallError.tooManyAbandoned(caller: "test", call: "copy", count: 1)
        ) {
            try await calls.run("copy", patience: patience) { _ in }
        }
        await #expect(throws: BlockingCallError.self) { try await hanging.value }
        gate.open()
    }

    @Test func saysThatItDoesNotGetOn() {
        let stuck = BlockingCallError.noProgress(
            caller: "ceph", call: "remove image vms/a", within: .seconds(256))
        #expect("\(stuck)" == "ceph has not got on with remove image vms/a for 256.0 seconds")
    }
}
