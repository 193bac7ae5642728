import ArgumentParser
import MetaStackManagement

/// How the answer is written.
enum OutputFormat: String, Sendable, CaseIterable, ExpressibleByArgument {
    case table, json, yaml
}

/// What every verb takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration; else METASTACK_CONFIG, else /etc/metastack/metastack.yaml.",
            valueName: "file"))
    var config: String?

    @Option(
        help: ArgumentHelp(
            "etcd's addresses, separated by commas; beats METASTACK_ETCD_ENDPOINTS and the file.",
            valueName: "urls"))
    var endpoints: String?

    @Option(name: .shortAndLong, help: "How to write the answer.")
    var output: OutputFormat = .table

    @Flag(
        name: .shortAndLong,
        help: "No progress and no confirmation; what was made is named by its id alone.")
    var quiet = false
}
