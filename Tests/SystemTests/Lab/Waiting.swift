import Foundation

/// Waits until a question has an answer, and returns it.
///
/// - Parameter what: completes "it never came true within … that".
/// - Throws: `SystemTestError` at the deadline, with what was seen last.
@discardableResult
func eventually<Value>(
    _ what: String, within limit: Duration = .seconds(60),
    every interval: Duration = .milliseconds(50), seen: () -> String? = { nil },
    _ question: () async throws -> Value?
) async throws -> Value {
    let end = ContinuousClock.now + limit
    while true {
        if let value = try await question() { return value }
        guard ContinuousClock.now < end else {
            throw SystemTestError(
                "it never came true within \(limit) that \(what)"
                    + (seen().map { "; the last that was seen: \($0)" } ?? ""))
        }
        try await Task.sleep(for: interval)
    }
}

/// Waits until a condition holds.
func eventually(
    _ what: String, within limit: Duration = .seconds(60),
    every interval: Duration = .milliseconds(50), isTrue condition: () async throws -> Bool
) async throws {
    let _: Bool = try await eventually(what, within: limit, every: interval) {
        try await condition() ? true : nil
    }
}

/// Looks again and again for a while; each look throws where what must stay true is not.
func always(
    for time: Duration, every interval: Duration = .milliseconds(500),
    _ look: () async throws -> Void
) async throws {
    let end = ContinuousClock.now + time
    repeat {
        try await look()
        try await Task.sleep(for: interval)
    } while ContinuousClock.now < end
    try await look()
}
