package import MetaStackModel

/// A new position of the switch: what `takeover arm`, `takeover disarm` and the page's forms write.
package struct TakeoverSwitchChange: Sendable, Equatable {
    /// A reason is a line on everybody's screen, not a report.
    private static let longestReason = 500

    package let state: TakeoverSwitch.State
    package let reason: String?

    /// - Throws: `CommandFailure` where the reason is too long.
    package init(to state: TakeoverSwitch.State, reason: String?) throws(CommandFailure) {
        if let reason, reason.count > Self.longestReason {
            let problem = "it has \(reason.count) characters, it may have \(Self.longestReason)"
            throw CommandFailure(
                .usage, "the reason is too long: \(problem)",
                fields: [FieldProblem(path: "reason", problem: problem)])
        }
        self.state = state
        self.reason = reason
    }

    /// The change, which is written whatever the switch says now: each write of `armed` tells nodes that
    /// hold back to go on.
    ///
    /// - Parameter expected: the revision that whoever turns it has seen; nil to go by the cluster's.
    /// - Throws: `CommandFailure`.
    package func change(
        expecting expected: Revision? = nil, in cluster: Cluster, at now: Timestamp
    ) throws(CommandFailure) -> ResourceChange {
        let patch: [String: JSONValue] = [
            "state": .string(state.rawValue), "reason": JSONValue(reason),
            "at": .string(now.description),
        ]
        var change = try ResourceChange.patch(
            .config, id: KnownSetting.takeover.rawValue, .object(patch), expecting: expected,
            in: cluster, at: now)
        change.isRepeated = true
        return change
    }
}
