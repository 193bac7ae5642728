import ArgumentParser
import MetaStackManagement
import MetaStackModel

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
        help: ArgumentHelp(
            "A 'metastack serve' to work through instead of etcd; beats METASTACK_SERVER_URL.",
            valueName: "url"))
    var server: String?

    @Option(
        help: ArgumentHelp(
            "The token for it; METASTACK_SERVER_TOKEN is seen by fewer.", valueName: "secret"))
    var token: String?

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

    /// What the options say of the configuration.
    var flags: [ConfigurationFlag] {
        [
            ("etcd.endpoints", "--endpoints", endpoints), ("server.url", "--server", server),
            ("server.token", "--token", token),
        ].compactMap { key, flag, value in
            value.map { ConfigurationFlag(key: key, flag: flag, value: $0) }
        }
    }
}
