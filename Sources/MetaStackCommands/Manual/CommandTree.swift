import ArgumentParser
import Foundation
import MetaStackManagement

/// The commands as the parser describes them (`--experimental-dump-help`): what manual pages are
/// made of, so that they cannot say anything else than `--help`.
struct CommandTree: Decodable, Sendable {
    struct Node: Decodable, Sendable {
        let commandName: String
        let abstract: String?
        let discussion: String?
        let shouldDisplay: Bool?
        let subcommands: [Node]?
        let arguments: [Argument]?

        /// Those that people are shown.
        var verbs: [Node] {
            (subcommands ?? []).filter { $0.shouldDisplay != false && $0.commandName != "help" }
        }

        /// Those, and each one's own behind it, by the words that lead there.
        var allVerbs: [(words: [String], verb: Node)] {
            verbs.flatMap { verb in
                [([verb.commandName], verb)]
                    + verb.allVerbs.map { ([verb.commandName] + $0.words, $0.verb) }
            }
        }

        var shownArguments: [Argument] { (arguments ?? []).filter(\.shouldDisplay) }
    }

    struct Argument: Decodable, Sendable {
        enum Kind: String, Decodable, Sendable { case positional, option, flag }

        struct Name: Decodable, Sendable {
            let kind: String
            let name: String

            var text: String { (kind == "long" ? "--" : "-") + name }
        }

        let kind: Kind
        let shouldDisplay: Bool
        let isOptional: Bool
        let isRepeating: Bool
        let names: [Name]?
        let preferredName: Name?
        let valueName: String?
        let defaultValue: String?
        let allValues: [String]?
        let abstract: String?
    }

    let command: Node

    /// - Throws: where the parser describes itself in a form that is not known here.
    static func metastack() async throws -> CommandTree {
        do {
            _ = try await MetaStackCommand.asyncParseAsRoot(["--experimental-dump-help"])
        } catch {
            let text = MetaStackCommand.fullMessage(for: error)
            return try JSONDecoder().decode(CommandTree.self, from: Data(text.utf8))
        }
        throw CommandFailure(.failed, "the commands cannot be described")
    }
}
