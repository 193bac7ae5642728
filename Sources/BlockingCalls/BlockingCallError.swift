import Dispatch

/// Why a blocking call gave its caller no result of its own.
public enum BlockingCallError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The call did not come back in time; its thread is left behind.
    case deadlineExceeded(caller: String, call: String, after: Duration)
    /// The call may take long, but did not get on for so long; its thread is left behind.
    case noProgress(caller: String, call: String, within: Duration)
    /// So many threads are left behind that another one would only join them.
    case tooManyAbandoned(caller: String, call: String, count: Int)
    /// More calls wait for a thread than the limit allows.
    case tooManyWaiting(caller: String, call: String, count: Int)

    /// The sentence for logs and records: what was called, and why there is no answer.
    public var description: String {
        switch self {
        case .deadlineExceeded(let caller, let call, let after):
            "\(caller) gave no answer to \(call) within \(after)"
        case .noProgress(let caller, let call, let patience):
            "\(caller) has not got on with \(call) for \(patience)"
        case .tooManyAbandoned(let caller, let call, let count):
            "\(caller) hangs: \(count) earlier calls never came back, \(call) was not tried"
        case .tooManyWaiting(let caller, let call, let count):
            "\(caller) is too busy for \(call): \(count) calls wait already"
        }
    }
}

extension Duration {
    /// The same span for Dispatch, to the nanosecond.
    var dispatchInterval: DispatchTimeInterval {
        let (seconds, attoseconds) = components
        return .nanoseconds(Int(seconds) * 1_000_000_000 + Int(attoseconds / 1_000_000_000))
    }
}
