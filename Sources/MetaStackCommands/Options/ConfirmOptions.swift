import ArgumentParser
import MetaStackManagement

/// What verbs take that destroy something.
struct ConfirmOptions: ParsableArguments {
    @Flag(name: .shortAndLong, help: "Do not ask. Only a person at a terminal is asked at all.")
    var yes = false
}

extension CommandSession {
    /// Asks whoever sits at the terminal; scripts are not asked.
    ///
    /// - Throws: `CommandFailure` where they do not say yes.
    func requireYes(to question: String, _ options: ConfirmOptions) throws {
        guard !options.yes, let answer = screen.question else { return }
        screen.errors("\(question.printable) [y/N] ")
        let line = answer()?.lowercased()
        guard line == "y" || line == "yes" else {
            throw CommandFailure(.failed, "nothing was done")
        }
    }
}
