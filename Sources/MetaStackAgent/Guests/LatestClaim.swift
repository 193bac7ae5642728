import MetaStackModel
import Synchronization

/// The claim as this agent wrote it last, while it says how far a move is.
final class LatestClaim: Sendable {
    private let state: Mutex<Stored<ActualVM>>

    init(_ claim: Stored<ActualVM>) { state = Mutex(claim) }

    var value: Stored<ActualVM> { state.withLock(\.self) }

    func note(_ claim: ActualVM, at revision: Revision) {
        state.withLock { state in
            state.value = claim
            state.revision = revision
        }
    }
}
