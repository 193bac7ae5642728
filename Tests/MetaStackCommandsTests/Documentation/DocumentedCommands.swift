import Foundation

/// The command lines of a page of the documentation: those in fences that begin with `metastack`.
enum DocumentedCommands {
    /// This repository.
    private static let repository = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../..").standardizedFileURL

    /// The pages: the README, and those in `docs`.
    static func pages() throws -> [String] {
        let docs = repository.appending(path: "docs").path
        return ["README.md"]
            + (try FileManager.default.contentsOfDirectory(atPath: docs)
                .filter { $0.hasSuffix(".md") }.sorted().map { "docs/\($0)" })
    }

    /// The arguments of each `metastack` of a page, without the program's own name.
    static func arguments(of page: String) throws -> [[String]] {
        let text = try String(contentsOf: repository.appending(path: page), encoding: .utf8)
        return lines(inFencesOf: text).flatMap { line in
            ShellLine(line).commands.compactMap { words in
                guard let program = words.firstIndex(of: "metastack"),
                    // `env` and variables may stand before it.
                    words[..<program].allSatisfy({ $0.contains("=") || isPrelude($0) })
                else { return nil }
                let arguments = Array(words[words.index(after: program)...])
                return words[..<program].contains("xargs") ? arguments + ["printed"] : arguments
            }
        }
    }

    private static func isPrelude(_ word: String) -> Bool {
        ["env", "-u", "xargs", "-n1"].contains(word) || word.hasPrefix("METASTACK_")
    }

    /// What somebody types: behind a prompt where the fence has one anywhere, else what begins with the
    /// program's name; a line that ends with a backslash goes on.
    private static func lines(inFencesOf text: String) -> [String] {
        text.components(separatedBy: "```").enumerated().filter { !$0.offset.isMultiple(of: 2) }
            .flatMap { fence -> [String] in
                let lines = fence.element.replacing(#/ *\\\n */#, with: " ").split(separator: "\n")
                let typed = lines.map { $0.trimmingCharacters(in: .whitespaces) }
                    .filter { $0.hasPrefix("$ ") }.map { String($0.dropFirst(2)) }
                // What is set further in is a picture.
                return typed.isEmpty
                    ? lines.filter { $0.hasPrefix("metastack ") }.map(String.init) : typed
            }
    }
}

/// A line of a shell's, as far as documentation needs it: quotes, and what separates commands. What stands
/// behind two blanks or a number sign explains it.
struct ShellLine {
    /// The words of each command on it.
    private(set) var commands: [[String]] = [[]]
    private var word: String?

    init(_ line: String) {
        var rest = Substring(line)
        while let first = rest.first {
            rest = rest.dropFirst()
            switch first {
            case "'", "\"":
                let end = rest.firstIndex(of: first) ?? rest.endIndex
                word = (word ?? "") + rest[..<end]
                rest = rest[end...].dropFirst()
            case "$" where rest.first == "(":
                // What another command prints is one word, and that command one of its own.
                let end = rest.firstIndex(of: ")") ?? rest.endIndex
                word = (word ?? "") + "printed"
                commands.insert(
                    contentsOf: ShellLine(String(rest[..<end].dropFirst())).commands, at: 0)
                rest = rest[end...].dropFirst()
            case "|" where word != nil:
                // One of several words, such as `apply|diff`.
                word = (word ?? "") + "|"
            case "|", ";", "&":
                endWord()
                commands.append([])
            case ">":
                endWord()
                commands.append([])
                commands[commands.endIndex - 1].append(">")
            case " ":
                endWord()
                // `zsh  > FILE` is set in columns.
                if rest.first == " ", rest.first(where: { $0 != " " }) != ">" { return }
                if rest.first == "#" { return }
            default: word = (word ?? "") + String(first)
            }
        }
        endWord()
    }

    private mutating func endWord() {
        guard let ended = word else { return }
        commands[commands.endIndex - 1].append(ended)
        word = nil
    }
}
