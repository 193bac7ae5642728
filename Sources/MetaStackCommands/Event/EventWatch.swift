import ArgumentParser
import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Synchronization

struct EventWatch: ClusterCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Show what happens, as it happens, until interrupted.",
        discussion: """
            Events whose record notes no time have that of this machine's clock as they are seen. With -o \
            json each is one object on a line of its own.
            """)

    @OptionGroup var global: GlobalOptions
    @OptionGroup var options: EventOptions

    func perform(in session: CommandSession) async throws {
        let cluster = try await session.access.load()
        let filter = try options.filter(in: cluster)
        let state = Mutex((teller: EventTeller(cluster), widths: [Int]()))
        if session.format.isForPeople {
            let empty = [ClusterEvent]().listing
            let heading = state.withLock {
                session.renderer.table(empty, widths: &$0.widths, headed: true)
            }
            session.screen.output(heading)
        }
        try await session.access.followChanges(after: cluster.revision) { change in
            let text = try state.withLock { state in
                let events = state.teller.observe(change, at: session.now())
                    .filter(filter.matches)
                return try Self.text(of: events, session, widths: &state.widths)
            }
            if !text.isEmpty { session.screen.output(text) }
            return false
        }
    }

    private static func text(
        of events: [ClusterEvent], _ session: CommandSession, widths: inout [Int]
    ) throws -> String {
        guard !events.isEmpty else { return "" }
        guard session.format == .json else {
            return try session.renderer.news(events.listing, widths: &widths)
        }
        return try events.map { try $0.document.line() + "\n" }.joined()
    }
}
