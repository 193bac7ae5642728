import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// What verbs take that can wait for the nodes.
struct WaitOptions: ParsableArguments {
    @Flag(help: "Wait until it is so.")
    var wait = false

    @Option(
        help: ArgumentHelp(
            "How long to wait at most, such as 90s or 5m; seconds without a unit.",
            valueName: "time"),
        transform: WaitOptions.timeout)
    var timeout = Duration.seconds(120)

    static func timeout(_ text: String) throws -> Duration {
        let duration = try Duration(setting: text.last?.isNumber == true ? text + "s" : text)
        guard duration > .zero else {
            throw ArgumentParser.ValidationError("a time above zero is needed")
        }
        return duration
    }
}
