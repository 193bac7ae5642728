/// Runs `body` and gives it up when `limit` is over: the session's loop has to go round, whatever
/// etcd does.
///
/// - Throws: `TookTooLong`, or what `body` throws.
func within<Value: Sendable>(
    _ limit: Duration, _ clock: any NodeClock, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await clock.sleep(for: limit)
            throw TookTooLong(limit: limit)
        }
        defer { group.cancelAll() }
        guard let value = try await group.next() else { throw CancellationError() }
        return value
    }
}

/// A step of the session's that was given up.
struct TookTooLong: Error, CustomStringConvertible {
    let limit: Duration

    var description: String { "no answer within \(limit)" }
}
