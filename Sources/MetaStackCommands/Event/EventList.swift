import ArgumentParser
import MetaStackManagement
import MetaStackModel
import MetaStackStore

struct EventList: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List what happened, oldest first.",
        discussion: """
            It goes back to etcd's last compaction, and further where records note it themselves. Events \
            whose time nobody noted have a -; they stand in etcd's order, and --since leaves out only what \
            is certainly older.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: EventOptions

    @Option(
        help: ArgumentHelp(
            "Only what happened since then: 90m, 2d, or 2026-11-21T10:00:00Z.", valueName: "time"),
        transform: EventStart.init)
    var since: EventStart?

    func perform(in session: CommandSession) async throws {
        let log = try await session.access.eventLog()
        let cluster = try await session.access.load()
        let events = log.events(
            try options.filter(in: cluster, and: log.events),
            since: since.map { $0.moment(before: session.now()) })
        session.screen.output(try session.renderer.text(of: events.listing))
    }
}
