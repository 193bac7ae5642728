import Foundation
import Subprocess

/// What a test could not do or wait for, in words that say what was seen instead.
struct SystemTestError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }
}

/// A program's end and what it said.
struct Output: Sendable {
    var status: Int32
    var text: String
    var errors: String

    /// What it printed, where it succeeded.
    func checked(_ what: String) throws -> String {
        guard status == 0 else {
            throw SystemTestError("\(what) ended with \(status): \(errors)\(text)")
        }
        return text
    }
}

/// Runs a program to its end with words as they are, without a shell.
struct Command: Sendable {
    private static let limit = 32 << 20

    var words: [String]
    var environment: [String: String] = [:]
    /// After which the program is killed; its status is then 124 or 137 (coreutils' `timeout`).
    var timeout = Duration.seconds(90)

    init(_ words: [String], environment: [String: String] = [:]) {
        self.words = words
        self.environment = environment
    }

    func run() async throws -> Output {
        let seconds = "\(timeout.components.seconds)"
        var values: [Environment.Key: String] = [:]
        for (name, value) in environment { values[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(["-k", "2", seconds] + words),
            environment: .inherit.updating(values),
            output: .string(limit: Self.limit), error: .string(limit: Self.limit))
        return Output(
            status: Self.number(result.terminationStatus), text: result.standardOutput,
            errors: result.standardError)
    }

    private static func number(_ status: TerminationStatus) -> Int32 {
        switch status {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    }
}
