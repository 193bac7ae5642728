import Synchronization

/// How far a long call has come, in steps of its own.
public final class CallProgress: Sendable {
    private let count = Atomic(0)

    /// The call has got on.
    public func step() { count.wrappingAdd(1, ordering: .relaxed) }

    /// How many there have been; the first is that it has begun.
    var steps: Int { count.load(ordering: .relaxed) }
}
