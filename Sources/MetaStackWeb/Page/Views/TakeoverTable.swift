import MetaStackManagement
import MetaStackModel

/// The timelines of takeovers, the newest first.
enum TakeoverTable {
    private static let right: Set = ["EXPIRED", "CLAIMED", "EVICTED", "STARTED", "TOTAL"]
    private static let none = "There was none."
    private static let most = 100

    /// One VM's.
    static func table(of history: VMHistory?) -> TableView {
        let timelines = history.map { VMPast($0).timelines } ?? []
        return TableView(
            "takeovers", caption: "Each step's time is counted from the one before it",
            TakeoverTimeline.headings, right: right, texts: timelines.reversed().map(\.cells),
            ifEmpty: none)
    }

    /// All VMs'; only the newest of them.
    static func table(_ cluster: Cluster) -> TableView {
        let all = cluster.histories.flatMap { id, history in
            VMPast(history.value).timelines.map { (id, $0) }
        }
        // The incarnation is etcd's revision of the claim: it has the order without any clock.
        let newest = all.sorted { $0.1.takeover.incarnation > $1.1.takeover.incarnation }
            .prefix(most)
        return TableView(
            "takeovers",
            caption:
                "The newest \(most) at most; each step's time is counted from the one before it",
            ["VM"] + TakeoverTimeline.headings, right: right,
            rows: newest.map { id, timeline in
                let name = VMOverview(id, in: cluster).name
                return TableView.Row(
                    cells: [.link(.vm(id.text, name))] + timeline.cells.map(TableView.Cell.text))
            }, ifEmpty: none)
    }
}
