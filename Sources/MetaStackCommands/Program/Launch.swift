import ArgumentParser
import Foundation
import MetaStackManagement

extension MetaStackCommand {
    /// Runs the whole program: parses the arguments, does what they say, and ends the process with
    /// an ``CommandStatus``.
    public static func launch() async -> Never {
        do {
            var command = try await parsed(Array(CommandLine.arguments.dropFirst()))
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            Foundation.exit(CommandStatus.done.rawValue)
        } catch {
            let report = FailureReport(error, parsing: Self.self)
            let screen = Screen.standard()
            if !report.output.isEmpty { screen.output(report.output + "\n") }
            if !report.errors.isEmpty { screen.errors(report.errors + "\n") }
            Foundation.exit(report.status.rawValue)
        }
    }
}
