import Foundation
import Subprocess

/// Runs `metastack-sim` as people do: what a seed does depends on the process's hashing, which only
/// the program itself sets right.
struct SimCommand {
    private static let limit = 256 << 20

    var status: Int32
    var text: String

    /// - Returns: its end and what it printed.
    static func run(_ words: String...) async throws -> SimCommand { try await run(words) }

    static func run(_ words: [String]) async throws -> SimCommand {
        let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent()
        let result = try await Subprocess.run(
            .name("metastack-sim"), arguments: Arguments(words),
            environment: .inherit.updating(["PATH": folder.path]),
            output: .string(limit: limit), error: .combinedWithOutput)
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return SimCommand(status: status, text: result.standardOutput)
    }

    /// Its last lines, for a test that failed.
    var tail: String { text.split(separator: "\n").suffix(40).joined(separator: "\n") }
}
