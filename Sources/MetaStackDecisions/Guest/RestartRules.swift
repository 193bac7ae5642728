public import MetaStackModel

/// What becomes of a guest that ended by itself.
public enum RestartRules {
    public enum Verdict: Sendable, Equatable {
        /// It stays as it is until somebody writes the desired record.
        case stays
        case startAgain(after: Duration)
        /// It does not last here: another node may have more luck.
        case leaveToOthers
    }

    /// A guest that ran for so long has not crashed because it was started.
    public static let lasting = Duration.seconds(600)
    /// How often in a row a node starts a guest that does not last.
    public static let startsPerNode = 5
    private static let firstDelay = Duration.seconds(1)
    private static let longestDelay = Duration.seconds(60)

    /// - Parameters:
    ///   - ends: how often in a row the guest did not last, this time counted; none where it lasted.
    ///   - wasAsked: whether MetaStack has asked it to shut down, while somebody wanted that. One that
    ///     shall run by now has not ended by itself.
    public static func verdict(
        _ exit: GuestExit, policy: DesiredVM.RestartPolicy, ends: Int, wasAsked: Bool = false
    ) -> Verdict {
        if wasAsked { return .startAgain(after: .zero) }
        return switch (policy, exit) {
        case (.never, _), (.onFailure, .shutDown): .stays
        case (.always, _), (.onFailure, .crashed):
            ends > 0 && ends.isMultiple(of: startsPerNode)
                ? .leaveToOthers : .startAgain(after: delay(ends))
        }
    }

    /// None the first time, then a second, doubled each time.
    private static func delay(_ ends: Int) -> Duration {
        ends < 2 ? .zero : min(firstDelay * (1 << min(ends - 2, 16)), longestDelay)
    }
}
