import ArgumentParser
import MetaStackManagement

extension MetaStackCommand {
    /// Parses a command line.
    ///
    /// - Throws: what the parser throws; `CommandFailure` for a verb that there is not.
    static func parsed(_ arguments: [String]) async throws -> any ParsableCommand {
        let words = expanded(arguments)
        do {
            return try await asyncParseAsRoot(words)
        } catch {
            guard exitCode(for: error) == .validationFailure,
                let failure = UnknownVerb.failure(in: words, of: Self.self)
            else { throw error }
            throw failure
        }
    }

    /// `--wait=CONDITION` as the parser knows it: a flag has no value, and an option without one
    /// would take the next word for it.
    static func expanded(_ arguments: [String]) -> [String] {
        let end = arguments.firstIndex(of: "--") ?? arguments.endIndex
        let prefix = "--wait="
        return arguments[..<end].map { word in
            word.hasPrefix(prefix) ? "--wait-for=" + word.dropFirst(prefix.count) : word
        } + arguments[end...]
    }
}
