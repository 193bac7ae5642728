/// What a script learns from `metastack` without reading a word: the process's exit status.
package enum CommandStatus: Int32, Sendable, CaseIterable {
    /// Done as asked, and what was waited for has come.
    case done = 0
    /// It could not be done, or what was waited for has failed.
    case failed = 1
    /// The command line or the configuration cannot be used.
    case usage = 2
    /// There is nothing of that name or id.
    case notFound = 3
    /// Somebody else was faster, the name is taken, or the thing is in use.
    case conflict = 4
    /// etcd, or the server, cannot be reached.
    case unreachable = 5
    /// What was waited for has not come in time.
    case timedOut = 6

    /// For the help's table.
    package var meaning: String {
        switch self {
        case .done: "done"
        case .failed: "it could not be done, or what was waited for has failed"
        case .usage: "the command line or the configuration cannot be used"
        case .notFound: "there is nothing of that name"
        case .conflict: "somebody else was faster, the name is taken, or it is in use"
        case .unreachable: "etcd, or the server, cannot be reached"
        case .timedOut: "what was waited for has not come in time"
        }
    }

    package static var help: String {
        "EXIT STATUS:\n"
            + allCases.map { "  \($0.rawValue)  \($0.meaning)" }.joined(separator: "\n")
    }
}
