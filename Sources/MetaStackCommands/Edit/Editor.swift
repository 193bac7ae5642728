import Foundation
import MetaStackManagement
import Subprocess

/// Lets a person change a text in the editor of their choice.
struct Editor: Sendable {
    /// Returns once the person has closed the file.
    let open: @Sendable (_ path: String) async throws -> Void

    /// What `VISUAL` or `EDITOR` say, else `vi`, on this process's terminal.
    static let standard = Editor { path in
        let words = command(ProcessInfo.processInfo.environment)
        // `env` looks for a name in PATH, and takes a path as it is.
        let ending = try await run(
            .name("env"), arguments: Arguments(words + [path]),
            input: .currentStandardInput, output: .currentStandardOutput,
            error: .currentStandardError
        ).terminationStatus
        guard ending != .exited(notFound) else {
            throw CommandFailure(
                .failed, "cannot run the editor \(words[0]): name yours in EDITOR")
        }
        guard ending.isSuccess else {
            throw CommandFailure(.failed, "the editor \(words[0]) failed, nothing was written")
        }
    }

    /// What `env` ends with where there is no such program.
    private static let notFound: Int32 = 127

    /// The program and its arguments; an editor's name may bring some along, as `code --wait` does.
    static func command(_ environment: [String: String]) -> [String] {
        for name in ["VISUAL", "EDITOR"] {
            let words = environment[name, default: ""].split(separator: " ").map(String.init)
            if !words.isEmpty { return words }
        }
        return ["vi"]
    }
}

/// A file that somebody edits, which is there until it is done with.
struct EditedFile {
    let path: String

    /// - Parameter name: the beginning of the file's name.
    init(name: String) {
        path =
            FileManager.default.temporaryDirectory
            .appending(path: "metastack-\(name)-\(UUID().uuidString).yaml").path
    }

    /// For this user's eyes alone.
    func write(_ text: String) throws {
        let isWritten = FileManager.default.createFile(
            atPath: path, contents: Data(text.utf8), attributes: [.posixPermissions: 0o600])
        guard isWritten else { throw CommandFailure(.failed, "cannot write \(path)") }
    }

    func read() throws -> String { try TextFile.read(path, as: "the edited file") }

    func remove() {
        // Where it cannot be removed it lies in the folder for such files.
        try? FileManager.default.removeItem(atPath: path)
    }
}
