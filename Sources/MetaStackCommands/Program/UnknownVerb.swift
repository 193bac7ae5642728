import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// Finds the word of a command line that should have been a verb.
///
/// The parser takes it for an argument too many of the default verb, which helps nobody.
enum UnknownVerb {
    /// nil where every word before the options is a verb, or an argument of one.
    static func failure(
        in arguments: [String], of root: any ParsableCommand.Type
    ) -> CommandFailure? {
        var command = root
        var path = [name(of: root)]
        for word in arguments {
            let verbs = command.configuration.subcommands
            guard !word.hasPrefix("-"), !verbs.isEmpty, word != "help" else { return nil }
            guard let next = verbs.first(where: { name(of: $0) == word }) else {
                return failure(word, path.joined(separator: " "), verbs.map { name(of: $0) })
            }
            command = next
            path.append(word)
        }
        return nil
    }

    private static func failure(
        _ word: String, _ command: String, _ verbs: [String]
    ) -> CommandFailure {
        let near = verbs.nearest(to: word).map { ", did you mean \($0)?" }
        return CommandFailure(
            .usage,
            "there is no command \(word.quotedForPeople) of \(command)"
                + (near ?? ", use one of \(verbs.joined(separator: ", "))"))
    }

    private static func name(of command: any ParsableCommand.Type) -> String {
        command.configuration.commandName ?? "\(command)".lowercased()
    }
}
