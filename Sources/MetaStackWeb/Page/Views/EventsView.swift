import MetaStackManagement
import MetaStackModel

/// What has happened: `events.mustache`.
struct EventsView: Sendable {
    let changes: TableView
    let takeovers: TableView

    init(_ cluster: Cluster, _ changes: [StateChange], at now: Timestamp) {
        self.changes = TableView(
            "changes", caption: "Changes of state", ["WHEN", "WHAT", "FROM", "TO", "MESSAGE"],
            rows: changes.map { Self.row($0, at: now) }, ifEmpty: "Nothing has changed yet.")
        takeovers = TakeoverTable.table(cluster)
    }

    private static func row(_ change: StateChange, at now: Timestamp) -> TableView.Row {
        let id = change.thing.id.pathSegment
        let name = "\(change.thing.kind.word) \(change.name)".printable
        let href: String? =
            switch change.thing.kind {
            case .vm where change.after != nil: "/vms/\(id)"
            case .host where change.after != nil: "/hosts/\(id)"
            case .vm, .host, .image, .flavour, .volume, .config: nil
            }
        return TableView.Row(cells: [
            .moment(MomentView(change.at, at: now)), TableView.Cell(text: name, href: href),
            change.before.map { .state($0) } ?? .text(nil),
            change.after.map { .state($0) } ?? .text("gone"), .text(change.message),
        ])
    }
}
