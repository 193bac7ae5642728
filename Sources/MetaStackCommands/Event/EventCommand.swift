import ArgumentParser

struct EventCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "event", abstract: "What happened, and what happens.",
        discussion: """
            It is told from what etcd still has of the past, which is everything since its last compaction; \
            from before that there is what records note themselves, such as takeovers. etcd keeps no times: \
            an event has one where a record notes it, and - elsewhere.
            """,
        subcommands: [EventList.self, EventWatch.self])
}
