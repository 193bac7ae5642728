import ArgumentParser
import MetaStackManagement

/// What every verb takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The configuration; else METASTACK_CONFIG, else /etc/metastack/metastack.yaml.",
            valueName: "file"), completion: .file())
    var config: String?

    @Option(
        help: ArgumentHelp(
            "etcd's addresses, separated by commas; beats METASTACK_ETCD_ENDPOINTS and the file.",
            valueName: "urls"))
    var endpoints: String?

    @Option(
        name: .shortAndLong,
        help: ArgumentHelp(
            """
            How to write the answer: table, wide, json, yaml, name, or template=TEXT with paths in \
            braces, such as '{.name} {.status}'; jsonpath=TEXT is the same.
            """, valueName: "format"),
        completion: .list(OutputFormat.completions), transform: OutputFormat.init)
    var output: OutputFormat = .table

    @Flag(
        name: .shortAndLong,
        help: "No progress and no confirmation; what was made is named by its id alone.")
    var quiet = false
}
