import BlockingCalls
import Testing

@Suite(.timeLimit(.minutes(2))) struct BlockingCallsTests {
    /// Long enough that only a hang reaches it.
    private let patience = Duration.seconds(30)

    @Test func returnsWhatTheCallReturns() async throws {
        let calls = BlockingCalls(name: "test")
        let answer = try await calls.run("answer", deadline: patience) { 42 }
        #expect(answer == 42)
    }

    @Test func throwsWhatTheCallThrows() async {
        struct Broken: Error, Equatable {}
        let calls = BlockingCalls(name: "test")
        await #expect(throws: Broken()) {
            try await calls.run("break", deadline: patience) { throw Broken() }
        }
    }

    @Test func neverRunsMoreCallsThanTheLimitAtATime() async throws {
        let calls = BlockingCalls(name: "test", limit: 3)
        let gauge = Gauge()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<24 {
                group.addTask {
                    try await calls.run("count", deadline: patience) { gauge.pass() }
                }
            }
            try await group.waitForAll()
        }
        #expect(gauge.passed == 24)
        #expect(gauge.highest == 3)
    }

    @Test func callsBeyondTheLimitRunInTheOrderTheyCame() async throws {
        let calls = BlockingCalls(name: "test", limit: 1)
        let gate = Gate()
        let order = Order()
        async let first: Void = calls.run("hold", deadline: patience) { gate.hold() }
        await gate.reached()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<5 {
                group.addTask {
                    try await calls.run("note", deadline: patience) { order.append(number) }
                }
                await untilWaiting(number + 1, in: calls)
            }
            gate.open()
            try await group.waitForAll()
        }
        try await first
        #expect(order.numbers == [0, 1, 2, 3, 4])
    }

    @Test func blockedCallsLeaveTheCooperativePoolAlone() async throws {
        // Threads shared with the pool come one a second, so that many would take half a minute.
        let calls = BlockingCalls(name: "test", limit: 32)
        let gates = (0..<32).map { _ in Gate() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for gate in gates {
                group.addTask { try await calls.run("hold", deadline: patience) { gate.hold() } }
            }
            let started = ContinuousClock.now
            for gate in gates { await gate.reached() }
            try await Task.sleep(for: .milliseconds(20))
            let took = ContinuousClock.now - started
            for gate in gates { gate.open() }
            try await group.waitForAll()
            #expect(took < .seconds(10), "blocked calls held up a 20 ms timer")
        }
    }
}
