package import MetaStackModel

/// Why a command ends without success: one sentence for the person, one number for the script.
package struct CommandFailure: Error, Sendable, Equatable, CustomStringConvertible {
    package let status: CommandStatus
    /// Lower case: what failed, on what, and what to do next where there is one thing to do.
    package let description: String
    /// The fields that are to blame, where what was sent is; for programs.
    package let fields: [FieldProblem]

    package init(
        _ status: CommandStatus, _ description: String, fields: [FieldProblem] = []
    ) {
        self.status = status
        self.description = description
        self.fields = fields
    }

    /// A comparison of revisions that did not hold.
    package static func changedMeanwhile(_ what: String) -> Self {
        Self(.conflict, "\(what) was changed by somebody else meanwhile, look at it and try again")
    }
}
