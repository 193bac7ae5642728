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

/// As ``within(_:_:_:)`` by the real clock, for a body that nothing can stop: it is left behind, and what
/// it does may still come about.
func leavingBehind<Value: Sendable>(
    after limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    let (ends, end) = AsyncStream<Result<Value, any Error>>.makeStream()
    Task {
        do { end.yield(.success(try await body())) } catch { end.yield(.failure(error)) }
    }
    let timer = Task {
        try await Task.sleep(for: limit)
        end.yield(.failure(TookTooLong(limit: limit)))
    }
    defer { timer.cancel() }
    for await result in ends { return try result.get() }
    throw CancellationError()
}

/// A step that was given up.
struct TookTooLong: Error, CustomStringConvertible {
    let limit: Duration

    var description: String { "no answer within \(limit)" }
}
