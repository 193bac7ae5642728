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

    static func standard() -> Screen {
        Screen(
            output: { FileHandle.standardOutput.write(Data($0.utf8)) },
            errors: { FileHandle.standardError.write(Data($0.utf8)) },
            isTerminal: isatty(STDERR_FILENO) == 1)
    }
}
