import Foundation
import MetaStackTesting
import Subprocess

/// Programs as people run them, this build's among them.
enum Program {
    private static let limit = 4 << 20

    struct Outcome: Sendable {
        /// 128 and more where a signal ended it.
        let status: Int32
        let output: String
        let errors: String
    }

    /// Where this build's programs are.
    static var folder: String {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent().path
    }

    /// - Returns: what it printed.
    /// - Throws: `TestingError` with what it complained of, where it failed.
    @discardableResult
    static func run(
        _ words: [String], _ environment: [String: String] = [:]
    ) async throws -> String {
        let outcome = try await outcome(of: words, environment)
        guard outcome.status == 0 else {
            throw TestingError("\(words): \(outcome.status) \(outcome.errors)")
        }
        return outcome.output
    }

    /// Runs it to its end, whatever that is.
    static func outcome(
        of words: [String], _ environment: [String: String] = [:]
    ) async throws -> Outcome {
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(["60"] + words),
            environment: values(environment),
            output: .string(limit: limit), error: .string(limit: limit))
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return Outcome(
            status: status, output: result.standardOutput, errors: result.standardError)
    }

    /// Runs it for the time of `body`, and ends it by SIGKILL where it has not ended by itself.
    static func run(
        _ words: [String], _ environment: [String: String],
        during body: @Sendable @escaping () async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Ended by its task's cancellation, which signals the child and nobody else.
            group.addTask {
                _ = try await Subprocess.run(
                    .name("env"), arguments: Arguments(words),
                    environment: values(environment), output: .discarded, error: .discarded)
            }
            defer { group.cancelAll() }
            try await body()
        }
    }

    private static func values(_ environment: [String: String]) -> Environment {
        let path = ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin"
        var values: [Environment.Key: String?] = ["PATH": "\(folder):\(path)"]
        for (name, value) in environment { values[Environment.Key(stringLiteral: name)] = value }
        return .inherit.updating(values)
    }
}
