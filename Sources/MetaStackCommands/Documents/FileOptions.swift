import ArgumentParser
import Foundation
import MetaStackManagement
import MetaStackModel

/// Files that say what is wanted.
struct FileOptions: ParsableArguments {
    @Option(
        name: [.customShort("f"), .long],
        help: ArgumentHelp(
            """
            A file with YAML or JSON documents, a folder of such files (.yaml, .yml, .json), or - \
            for standard input; may be repeated.
            """, valueName: "file"), completion: .file())
    var file: [String] = []

    func validate() throws {
        guard file.isEmpty else { return }
        throw ArgumentParser.ValidationError("name a file with -f, or - for standard input")
    }

    /// All documents of all files, in order.
    ///
    /// - Throws: `CommandFailure` with the file and the line.
    func documents() throws -> [ApplyDocument] {
        let documents = try file.flatMap { try Self.files($0) }.flatMap { path in
            let shown = path == "-" ? "standard input" : path
            let values = try YAMLDocuments.read(try Self.text(path), file: shown)
            return try values.enumerated().flatMap { number, value in
                let place = values.count > 1 ? "\(shown), document \(number + 1)" : shown
                return try ApplyDocument.all(value, place: place)
            }
        }
        guard !documents.isEmpty else {
            throw CommandFailure(
                .usage, "there are no documents in \(file.joined(separator: ", "))")
        }
        return documents
    }

    static func text(_ path: String) throws -> String {
        guard path == "-" else { return try TextFile.read(path, as: "a file to apply") }
        let data = FileHandle.standardInput.readDataToEndOfFile()
        guard let text = String(bytes: data, encoding: .utf8) else {
            throw CommandFailure(.usage, "standard input is no UTF-8 text")
        }
        return text
    }

    /// The file itself, or those of a folder by name.
    private static func files(_ path: String) throws -> [String] {
        var isFolder: ObjCBool = false
        let isThere = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder)
        guard path != "-", isThere, isFolder.boolValue else { return [path] }
        let found = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
            .filter { name in [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) } }
        guard !found.isEmpty else {
            throw CommandFailure(.usage, "there are no .yaml, .yml or .json files in \(path)")
        }
        return found.map { path + "/" + $0 }
    }
}
