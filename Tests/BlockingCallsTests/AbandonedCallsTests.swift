import BlockingCalls
import Synchronization
import Testing

/// What becomes of calls that hang, and of those behind them.
@Suite(.timeLimit(.minutes(2))) struct AbandonedCallsTests {
    private let patience = Duration.seconds(30)
    private let soon = Duration.milliseconds(500)

    @Test func aCallThatHangsEndsAtItsDeadline() async {
        let calls = BlockingCalls(name: "test")
        let gate = Gate()
        await #expect(
            throws: BlockingCallError.deadlineExceeded(caller: "test", call: "hang", after: soon)
        ) {
            try await calls.run("hang", deadline: soon) { gate.hold() }
        }
        #expect(calls.abandonedCalls == 1)
        gate.open()
        await eventually { calls.abandonedCalls == 0 }
    }

    @Test func aWaitingCallTakesTheThreadOfAnAbandonedOne() async throws {
        let calls = BlockingCalls(name: "test", limit: 2)
        let gates = [Gate(), Gate()]
        async let slow: Void = calls.run("slow", deadline: patience) { gates[0].hold() }
        let hanging = Task {
            try await calls.run("hang", deadline: .milliseconds(500)) { gates[1].hold() }
        }
        await gates[0].reached()
        await gates[1].reached()
        let answer = try await calls.run("wait", deadline: .seconds(20)) { 42 }
        #expect(answer == 42)
        for gate in gates { gate.open() }
        try await slow
        await #expect(throws: BlockingCallError.self) { try await hanging.value }
    }

    @Test func refusesFurtherCallsWhenAsManyAsTheLimitHang() async throws {
        let calls = BlockingCalls(name: "test", limit: 2)
        let gates = [Gate(), Gate()]
        for gate in gates {
            await #expect(throws: BlockingCallError.self) {
                try await calls.run("hang", deadline: soon) { gate.hold() }
            }
        }
        await #expect(
            throws: BlockingCallError.tooManyAbandoned(caller: "test", call: "next", count: 2)
        ) {
            try await calls.run("next", deadline: patience) {}
        }
        gates[0].open()
        await eventually { calls.abandonedCalls == 1 }
        let answer = try await calls.run("again", deadline: patience) { 42 }
        #expect(answer == 42)
        gates[1].open()
    }

    @Test func aCallWhoseDeadlinePassesWhileItWaitsNeverRuns() async throws {
        let calls = BlockingCalls(name: "test", limit: 1)
        let gate = Gate()
        let ran = Mutex(false)
        async let first: Void = calls.run("hold", deadline: patience) { gate.hold() }
        await gate.reached()
        await #expect(throws: BlockingCallError.self) {
            try await calls.run("late", deadline: soon) { ran.withLock { $0 = true } }
        }
        gate.open()
        try await first
        try await calls.run("after", deadline: patience) {}
        #expect(!ran.withLock { $0 })
        #expect(calls.abandonedCalls == 0)
    }

    @Test func refusesACallWhenTooManyWait() async throws {
        let calls = BlockingCalls(name: "test", limit: 1, waitingLimit: 1)
        let gate = Gate()
        async let first: Void = calls.run("hold", deadline: patience) { gate.hold() }
        await gate.reached()
        // A waiting call whose deadline has passed no longer counts.
        await #expect(throws: BlockingCallError.self) {
            try await calls.run("late", deadline: soon) {}
        }
        async let second: Void = calls.run("wait", deadline: patience) {}
        await untilWaiting(1, in: calls)
        await #expect(
            throws: BlockingCallError.tooManyWaiting(caller: "test", call: "third", count: 1)
        ) {
            try await calls.run("third", deadline: patience) {}
        }
        gate.open()
        try await first
        try await second
    }

    @Test func saysWhoWasCalledAndWhyThereIsNoAnswer() {
        let late = BlockingCallError.deadlineExceeded(
            caller: "libvirt", call: "list domains", after: .seconds(3))
        #expect("\(late)" == "libvirt gave no answer to list domains within 3.0 seconds")
    }
}
