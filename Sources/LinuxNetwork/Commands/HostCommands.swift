import Glibc
import Subprocess

/// The programs of the host that make its networks: `ip`, `bridge`, `nft` and the like.
struct HostCommands: Sendable {
    /// The network namespace to run them in, as a path; nil for the process's own.
    let namespace: String?

    private static let mostOutput = 64 << 20

    /// Runs a program to its end.
    ///
    /// - Returns: what it wrote.
    /// - Throws: `NetworkPlaneError` with what it complained of where it fails.
    @discardableResult
    func run(
        _ program: String, _ arguments: [String], input: String = ""
    ) async throws(NetworkPlaneError) -> String {
        let (output, complaint) = try await attempt(program, arguments, input: input)
        guard let complaint else { return output }
        let command = ([program] + arguments).joined(separator: " ")
        throw NetworkPlaneError(.command, "\(command) failed: \(complaint)")
    }

    /// Runs a program that may fail.
    ///
    /// - Returns: what it wrote, and what it complained of where it failed.
    func attempt(
        _ program: String, _ arguments: [String], input: String = ""
    ) async throws(NetworkPlaneError) -> (output: String, complaint: String?) {
        let (executable, all) =
            namespace.map { ("nsenter", ["--net=\($0)", program] + arguments) }
            ?? (program, arguments)
        let outcome = try await outcome(executable, all, input)
        if outcome.status.isSuccess { return (outcome.output, nil) }
        let complaint = outcome.complaint.split(separator: "\n").prefix(5)
        return (
            outcome.output,
            complaint.isEmpty ? "\(outcome.status)" : complaint.joined(separator: "; ")
        )
    }

    /// A program that has gone is told of by an error, and not by a signal that ends the process.
    /// A handler of the program's own stays.
    private static let hearsOfIt: Void = {
        if let own = signal(SIGPIPE, SIG_IGN) { signal(SIGPIPE, own) }
    }()

    private func outcome(
        _ executable: String, _ arguments: [String], _ input: String
    ) async throws(NetworkPlaneError) -> (
        output: String, complaint: String, status: TerminationStatus
    ) {
        _ = Self.hearsOfIt
        do {
            let result = try await Subprocess.run(
                .name(executable), arguments: Arguments(arguments), input: Input(text: input),
                output: .string(limit: Self.mostOutput), error: .string(limit: Self.mostOutput))
            return (
                result.standardOutput, result.standardError, result.terminationStatus
            )
        } catch {
            throw NetworkPlaneError(.command, "cannot run \(executable): \(error)")
        }
    }
}

/// What a program is given to read, whether it reads it or not.
///
/// Subprocess's own text ends the process (a descriptor that was not closed) where the program has ended before all
/// was written: one that `nsenter` could not start, or that somebody killed.
private struct Input: InputProtocol {
    let text: String

    func write(with writer: StandardInputWriter) async throws {
        // Who has not read it all says by its status what came of it.
        _ = try? await writer.write(Array(text.utf8))
    }
}
