import MetaStackManagement
import MetaStackModel

/// Which events are shown: the fields of the page's address.
struct EventQuery: Sendable, Equatable {
    let vm: String?
    let host: String?

    init(_ fields: [String: String]) {
        func text(_ name: String) -> String? {
            fields[name].flatMap { $0.trimmed.isEmpty ? nil : $0.trimmed }
        }
        vm = text("vm")
        host = text("host")
    }
}

/// What has happened: `events.mustache`.
struct EventsView: Sendable {
    private static let most = 500

    let filter: FormView
    let alert: String?
    let changes: TableView
    let takeovers: TableView

    /// - Parameter log: nil where etcd's past could not be read yet.
    init(_ log: EventLog?, _ query: EventQuery, in cluster: Cluster, at now: Timestamp) {
        filter = Self.filter(query, cluster)
        takeovers = TakeoverTable.table(cluster)
        var events: [ClusterEvent] = []
        var alert = log == nil ? "What has happened could not be read from etcd yet." : nil
        do throws(CommandFailure) {
            let all = log?.events ?? []
            let filter = try EventFilter(vm: query.vm, host: query.host, in: cluster, and: all)
            events = log?.events(filter) ?? []
        } catch {
            alert = Problem(error).sentence.printable
        }
        self.alert = alert
        changes = TableView(
            "changes", caption: "The newest first, \(Self.most) at most",
            ["WHEN", "WHAT", "EVENT", "DETAIL"],
            rows: events.suffix(Self.most).reversed().map { Self.row($0, cluster, at: now) },
            ifEmpty: "Nothing has happened, as far as etcd remembers.")
    }

    private static func filter(_ query: EventQuery, _ cluster: Cluster) -> FormView {
        let hosts = cluster.hostNames.known.map(\.id.text).sorted()
        return FormView(
            asking: "filter-events", action: "/events", submit: "Show",
            fields: [
                FormView.Field(name: "vm", label: "Only of VM", value: query.vm ?? ""),
                .choice(
                    "host", "Only with host",
                    among: [("", "every host")] + hosts.map { ($0, $0.printable) },
                    chosen: query.host ?? ""),
            ])
    }

    private static func row(
        _ event: ClusterEvent, _ cluster: Cluster, at now: Timestamp
    ) -> TableView.Row {
        let name = "\(event.kind.rawValue) \(event.name)".printable
        return TableView.Row(cells: [
            .moment(MomentView(event.time, at: now)),
            TableView.Cell(text: name, href: href(event, cluster)), .text(event.word.rawValue),
            .text(event.detail),
        ])
    }

    /// nil for what is not there any more.
    private static func href(_ event: ClusterEvent, _ cluster: Cluster) -> String? {
        guard let kind = ResourceKind(rawValue: event.kind.rawValue) else { return "/tokens" }
        guard ChangedThing(kind: kind, id: event.id).exists(in: cluster) else { return nil }
        switch kind {
        case .vm, .host: return "/\(kind.plural)/\(event.id.pathSegment)"
        case .config: return "/config/\(event.id.pathSegment)"
        case .network: return "/networks/\(event.id.pathSegment)"
        case .securityGroup: return "/security-groups/\(event.id.pathSegment)"
        case .image, .flavour, .volume, .address, .sshKey: return "/\(kind.plural)"
        }
    }
}
