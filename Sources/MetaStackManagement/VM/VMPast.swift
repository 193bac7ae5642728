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
        for row in rows { table.add(row) }
        return table.text
    }

    /// A line each: what it is, and it.
    package var rows: [[String?]] {
        [
            ["last host", history.host.text],
            ["last incarnation", history.incarnation.description],
            ["boots", "\(history.boots)"],
            ["crashes in a row", "\(history.crashes)"],
            ["last exit", history.lastExit],
        ]
            + history.evicted.map {
                ["evicted", "\($0.client) of host \($0.host), \($0.at)"]
            }
    }

    private var takeovers: String {
        let timelines = timelines
        guard !timelines.isEmpty else { return "" }
        var table = Table(
            TakeoverTimeline.headings,
            right: ["EXPIRED", "CLAIMED", "EVICTED", "STARTED", "TOTAL"])
        for timeline in timelines { table.add(timeline.cells) }
        return table.text + """
            Each time is counted from the one before it, TOTAL from LAST PROVEN to STARTED;
            - was not seen, or has not come yet.

            """
    }
}
