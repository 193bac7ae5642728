import Synchronization
import Testing

@testable import MetaStackAgent

struct StartSlotsTests {
    @Test func theHigherPriorityGoesFirstAndTheLongestWaitAmongEquals() async throws {
        let slots = StartSlots(1)
        let order = Order()
        let (gate, opener) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await slots.run(priority: 0) { for await _ in gate { return } } }
            try await eventually { slots.waiting == 0 && slots.free == 0 }
            for (number, (name, priority)) in [("b", 0), ("c", 0), ("a", 5)].enumerated() {
                group.addTask {
                    try await slots.run(priority: priority) { order.add(name) }
                }
                try await eventually { slots.waiting == number + 1 }
            }
            opener.finish()
            try await group.waitForAll()
        }
        #expect(order.names == ["a", "b", "c"])
        #expect(slots.free == 1)
    }

    @Test func whoIsCancelledWaitsNoMoreAndKeepsNobodyOut() async throws {
        let slots = StartSlots(1)
        let (gate, opener) = AsyncStream<Void>.makeStream()
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await slots.run(priority: 0) { for await _ in gate { return } } }
            try await eventually { slots.free == 0 }
            let cancelled = Task { try await slots.run(priority: 9) {} }
            try await eventually { slots.waiting == 1 }
            cancelled.cancel()
            await #expect(throws: CancellationError.self) { try await cancelled.value }
            opener.finish()
            try await group.waitForAll()
        }
        try await slots.run(priority: 0) {}
        #expect(slots.free == 1)
    }

    private func eventually(_ isSo: () -> Bool) async throws {
        let end = ContinuousClock.now + .seconds(10)
        while !isSo() {
            try #require(ContinuousClock.now < end)
            await Task.yield()
        }
    }
}

/// Who came after whom.
private final class Order: Sendable {
    private let state = Mutex<[String]>([])

    var names: [String] { state.withLock(\.self) }

    func add(_ name: String) { state.withLock { $0.append(name) } }
}
