import FoundationEssentials

/// Keeps the token that stands for user name and password.
///
/// Tokens end: after some minutes without use, and when etcd restarts. Whoever is refused reports
/// the token it used, and the first such report makes a new one for all.
actor Authenticator {
    typealias Fetch = @Sendable (Endpoint, ContinuousClock.Instant) async throws -> String?

    private enum State {
        case none
        case fetching(Task<String?, any Error>)
        /// nil where etcd does not ask for authentication.
        case known(String?)
    }

    private var state = State.none
    private let fetch: Fetch

    init(fetch: @escaping Fetch) {
        self.fetch = fetch
    }

    /// The token, got from this endpoint where there is none yet.
    func token(from endpoint: Endpoint, until end: ContinuousClock.Instant) async throws -> String?
    {
        switch state {
        case .known(let token):
            return token
        case .fetching(let task):
            return try await task.value
        case .none:
            let fetch = fetch
            // A task of its own: it serves all callers, so the first one's cancellation must not
            // end it. Its call has a deadline.
            let task = Task { try await fetch(endpoint, end) }
            state = .fetching(task)
            do {
                let token = try await task.value
                state = .known(token)
                return token
            } catch {
                state = .none
                throw error
            }
        }
    }

    /// The token where there is one; asks nobody.
    var knownToken: String? {
        if case .known(let token) = state { token } else { nil }
    }

    /// etcd has refused this token. A newer one stays.
    func refused(_ token: String?) {
        if case .known(token) = state { state = .none }
    }
}
