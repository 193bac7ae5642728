import ArgumentParser
import MetaStackManagement
import MetaStackStore

struct StatusCommand: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the cluster at a glance, and what is wrong with it (default).",
        discussion:
            "Each finding stands beside the command that goes on from there. It is what `metastack` alone shows."
    )

    @OptionGroup var global: GlobalOptions
    @OptionGroup var watching: WatchOptions

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load(.everything)
        try await session.show(watching, in: cluster) { cluster in
            let status = ClusterStatus(cluster)
            return Shown(name: "status", document: status.document) { status.text }
        }
    }
}
