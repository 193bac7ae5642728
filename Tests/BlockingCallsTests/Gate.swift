import BlockingCalls
import Dispatch
import Synchronization

/// A call that stands still until the test lets it go on.
final class Gate: Sendable {
    private let opened = DispatchSemaphore(value: 0)
    private let held = Mutex(false)

    /// Blocks the calling thread until `open`, for a minute at most so that a failed test ends.
    func hold() {
        held.withLock { $0 = true }
        _ = opened.wait(timeout: .now() + 60)
    }

    func open() { opened.signal() }

    /// Returns when a thread stands at the gate.
    func reached() async { await eventually { self.held.withLock { $0 } } }
}

/// Counts how many threads are inside at a time.
final class Gauge: Sendable {
    private let state = Mutex((inside: 0, highest: 0, passed: 0))
    var highest: Int { state.withLock { $0.highest } }
    var passed: Int { state.withLock { $0.passed } }

    /// Stays inside until as many as the limit have met there, or 50 ms have passed.
    func pass() {
        state.withLock { state in
            state.inside += 1
            state.highest = max(state.highest, state.inside)
        }
        _ = DispatchSemaphore(value: 0).wait(timeout: .now() + .milliseconds(50))
        state.withLock { state in
            state.inside -= 1
            state.passed += 1
        }
    }
}

/// The numbers of calls in the order in which they ran.
final class Order: Sendable {
    private let state = Mutex<[Int]>([])
    var numbers: [Int] { state.withLock { $0 } }

    func append(_ number: Int) { state.withLock { $0.append(number) } }
}

/// Waits for a condition, a minute at most; the caller's own expectations then say what is wrong.
func eventually(_ condition: @Sendable () -> Bool) async {
    let limit = ContinuousClock.now + .seconds(60)
    while !condition(), ContinuousClock.now < limit { await Task.yield() }
}

/// Returns when `count` calls wait for a thread.
func untilWaiting(_ count: Int, in calls: BlockingCalls) async {
    await eventually { calls.waitingCalls == count }
}
