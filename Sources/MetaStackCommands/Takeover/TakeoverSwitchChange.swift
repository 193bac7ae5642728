import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// A new position of the switch: what `arm` and `disarm` have in common.
struct TakeoverSwitchChange: Sendable, Equatable {
    /// A reason is a line on everybody's screen, not a report.
    private static let longestReason = 500

    let state: TakeoverSwitch.State
    let reason: String?

    /// - Throws: `CommandFailure` where the reason is too long.
    init(to state: TakeoverSwitch.State, reason: String?) throws(CommandFailure) {
        if let reason, reason.count > Self.longestReason {
            throw CommandFailure(
                .usage,
                "the reason has \(reason.count) characters, it may have \(Self.longestReason)")
        }
        self.state = state
        self.reason = reason
    }

    /// Writes it whatever the switch says now: each write of `armed` tells nodes that hold back to
    /// go on.
    func write(over cluster: Cluster, in session: CommandSession) async throws {
        let known = cluster.takeoverSwitch
        var changed = known?.value ?? TakeoverSwitch(state: state)
        changed.state = state
        changed.reason = reason
        changed.at = session.now()
        let revision = try await session.write(
            [.put(TakeoverSwitch.key, changed)], if: conditions(cluster),
            orElse: .changedMeanwhile("the takeover switch"))
        let text = "takeovers are \(state.rawValue)" + (reason.map { ": \($0)" } ?? "")
        let stored = Stored(
            changed, revision: revision, createRevision: known?.createRevision ?? revision)
        try session.report(text, id: "takeover", try JSONValue(stored))
    }

    /// Still true at the write: nobody has moved the switch since it was read. One that cannot be
    /// read is replaced.
    private func conditions(_ cluster: Cluster) -> [RecordCondition] {
        if cluster.malformed[TakeoverSwitch.key.path] != nil { return [] }
        guard let known = cluster.takeoverSwitch else { return [.absent(TakeoverSwitch.key)] }
        return [.unchanged(TakeoverSwitch.key, since: known.revision)]
    }
}
