import ArgumentParser
import MetaStackModel

/// `metastack-node`: runs the agent, or one of the small actions beside it.
struct MetaStackNode: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "metastack-node",
        abstract: "Runs the guests that are this host's: claims VMs, starts them, keeps them.",
        discussion: """
            Without a subcommand it runs the agent. Every key of the configuration can also be given \
            in the environment, such as METASTACK_ETCD_ENDPOINTS.
            """,
        version: Version.current,
        subcommands: [Run.self, Fence.self],
        defaultSubcommand: Run.self)
}
