/// Why a command ends without success: one sentence for the person, one number for the script.
public struct CommandFailure: Error, Sendable, Equatable, CustomStringConvertible {
    public let status: CommandStatus
    /// Lower case: what failed, on what, and what to do next where there is one thing to do.
    public let description: String

    public init(_ status: CommandStatus, _ description: String) {
        self.status = status
        self.description = description
    }

    /// A comparison of revisions that did not hold.
    static func changedMeanwhile(_ what: String) -> Self {
        Self(.conflict, "\(what) was changed by somebody else meanwhile, look at it and try again")
    }
}
