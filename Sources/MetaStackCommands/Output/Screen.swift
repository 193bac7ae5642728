import Foundation
import MetaStackManagement

#if canImport(Glibc)
    import Glibc
#endif

/// Where a command writes: answers to standard output, everything else to standard error.
struct Screen: Sendable {
    let output: @Sendable (String) -> Void
    let errors: @Sendable (String) -> Void
    /// Whether a person watches standard error.
    let isTerminal: Bool
    /// Whether answers may be coloured.
    var hasColours = false
    /// Reads a person's line; nil where nobody could type one.
    var question: (@Sendable () -> String?)?

    static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> Screen {
        let hasPerson = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1
        let question: @Sendable () -> String? = { readLine(strippingNewline: true) }
        return Screen(
            output: { FileHandle.standardOutput.write(Data($0.utf8)) },
            errors: { FileHandle.standardError.write(Data($0.utf8)) },
            isTerminal: isatty(STDERR_FILENO) == 1,
            hasColours: isatty(STDOUT_FILENO) == 1 && allowsColours(environment),
            question: hasPerson ? question : nil)
    }

    /// What https://no-color.org asks for, and a terminal that says that it knows none.
    static func allowsColours(_ environment: [String: String]) -> Bool {
        environment["NO_COLOR", default: ""].isEmpty && environment["TERM"] != "dumb"
    }
}
