package import MetaStackModel

/// What outlives a VM's claims, for `vm show` and `vm history`.
package struct VMPast: Sendable {
    package let history: VMHistory

    package init(_ history: VMHistory) { self.history = history }

    /// The newest last.
    package var timelines: [TakeoverTimeline] {
        history.takeovers.map { TakeoverTimeline(takeover: $0) }
    }

    /// For people.
    package var text: String {
        takeovers.isEmpty ? summary : summary + "\n" + takeovers
    }

    private var summary: String {
        var table = Table(["HISTORY", ""])
        table.add(["last host", history.host.text])
        table.add(["last incarnation", history.incarnation.description])
        table.add(["boots", "\(history.boots)"])
        table.add(["crashes in a row", "\(history.crashes)"])
        table.add(["last exit", history.lastExit])
        for evicted in history.evicted {
            table.add(["evicted", "\(evicted.client) of host \(evicted.host), \(evicted.at)"])
        }
        return table.text
    }

    private var takeovers: String {
        let timelines = timelines
        guard !timelines.isEmpty else { return "" }
        var table = Table(
            ["FROM", "TO", "LAST PROVEN", "EXPIRED", "CLAIMED", "EVICTED", "STARTED", "TOTAL"],
            right: ["EXPIRED", "CLAIMED", "EVICTED", "STARTED", "TOTAL"])
        for timeline in timelines { table.add(timeline.cells) }
        return table.text + """
            Each time is counted from the one before it, TOTAL from LAST PROVEN to STARTED;
            - was not seen, or has not come yet.

            """
    }
}
