import MetaStackManagement
import MetaStackModel

extension CommandSession {
    /// Waits for the nodes to make something so.
    ///
    /// - Parameter what: such as `vm web`, for the progress line and errors.
    /// - Throws: `CommandFailure`: failed where the goal cannot be reached any more, timed out
    ///   with what was missing at the end.
    func wait(
        for what: String, from cluster: Cluster, atMost timeout: Duration,
        _ progress: @escaping @Sendable (Cluster) -> Progress
    ) async throws {
        let line = ProgressLine(screen: screen, isOn: screen.isTerminal && !quiet)
        defer { line.clear() }
        let isEnough: @Sendable (Cluster) throws -> Bool = { cluster in
            switch progress(cluster) {
            case .done: return true
            case .failed(let reason): throw CommandFailure(.failed, "\(what) failed: \(reason)")
            case .waiting(let text):
                line.show(what, text)
                return false
            }
        }
        if try isEnough(cluster) { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await access.follow(cluster, until: isEnough)
            }
            group.addTask {
                try await Task.sleep(for: timeout)
                let seconds = timeout.components.seconds
                throw CommandFailure(
                    .timedOut,
                    "\(what) was not done after \(seconds) s, the last was: \(line.last)")
            }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
    }
}
