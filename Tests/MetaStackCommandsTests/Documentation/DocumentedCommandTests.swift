import ArgumentParser
import Testing

@testable import MetaStackCommands
@testable import MetaStackManagement

/// What the documentation tells people to type is what the program takes.
@Suite struct DocumentedCommandTests {
    /// Lines that say how things are written instead of writing them.
    private static func isPattern(_ words: [String]) -> Bool {
        words.contains { $0.contains("…") || $0.contains("|") || $0 == "NOUN" }
    }

    @Test func everyCommandOfEveryPageIsOneThatThereIs() async throws {
        var count = 0
        for page in try DocumentedCommands.pages() {
            for words in try DocumentedCommands.arguments(of: page) where !Self.isPattern(words) {
                count += 1
                do {
                    _ = try await MetaStackCommand.parsed(words)
                } catch {
                    let report = FailureReport(error, parsing: MetaStackCommand.self)
                    Issue.record("\(page): metastack \(words): \(report.errors)")
                }
            }
        }
        #expect(count > 75, "fewer are found than there are")
    }

    @Test func theTourOfTheREADMEIsReadWhole() throws {
        let words = try DocumentedCommands.arguments(of: "README.md")
        let tour = words.map { $0.joined(separator: " ") }
        for line in [
            "vm create web --flavour small --image guest --wait", "vm show web",
            "image add guest printed --wait", "token create me --role operator", "serve",
            "host maintenance host1 --reason new memory --wait",
            "--server http://127.0.0.1:8480 --token $TOKEN",
        ] {
            #expect(tour.contains(line), "\(line)")
        }
    }

    @Test(arguments: [
        ("metastack vm list", [["metastack", "vm", "list"]]),
        ("metastack vm list   # all of them", [["metastack", "vm", "list"]]),
        ("metastack x -l '!a b' | wc", [["metastack", "x", "-l", "!a b"], ["wc"]]),
        ("A=$(metastack a)", [["metastack", "a"], ["A=printed"]]),
        ("metastack apply|diff", [["metastack", "apply|diff"]]),
        ("metastack a  > f", [["metastack", "a"], [">", "f"]]),
        ("metastack a --b=\"c d\" \"\"   what it does", [["metastack", "a", "--b=c d", ""]]),
    ])
    func aLineIsReadAsAShellReadsIt(line: String, commands: [[String]]) {
        #expect(ShellLine(line).commands == commands)
    }
}
