import ArgumentParser

extension CompletionShell {
    /// What makes a shell complete `metastack`: the parser's script, with what it lacks.
    var script: String {
        let script = MetaStackCommand.completionScript(for: self)
        switch self {
        case .fish: return script.replacing(Self.asksForCursor, with: Self.countsToCursor)
        case .zsh:
            return script.split(separator: "\n", omittingEmptySubsequences: false)
                .map(Self.withEqualsSign).joined(separator: "\n")
        default: return script
        }
    }

    /// How the script asks for the place of the cursor in the word: where fish is not at a terminal, as in
    /// `fish -c "complete -C '…'"`, it cannot say, and no name would be completed.
    private static let asksForCursor = "(__metastack_tokens -tC)"
    /// The same from what fish can always say: the word up to the cursor.
    private static let countsToCursor = #"(string length -- "$(commandline -ct)")"#

    /// A line for zsh's `_arguments` that names an option with a value: `--host=` tells it that the value
    /// may stand in the same word, too.
    private static func withEqualsSign(_ line: Substring) -> String {
        // Such as '*--label[A label.]:key=value:'; a flag has no colon behind its text.
        guard let option = line.firstMatch(of: /^\s*'\*?--[a-z\-]+(?=\[)/),
            line[option.range.upperBound...].contains("]:")
        else { return String(line) }
        return line[..<option.range.upperBound] + "=" + line[option.range.upperBound...]
    }
}
