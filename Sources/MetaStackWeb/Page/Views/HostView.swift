import MetaStackManagement
import MetaStackModel

/// One host and what runs there: `host.mustache`.
struct HostView: Sendable {
    private static let mostVMs = 100

    let name: String
    let state: StateView
    let message: String?
    var alert: String?
    /// Maintenance, or its end; nil for those who may not write.
    var maintenance: FormView?
    var edit: FoldedForm?
    let details: TableView
    /// The first ``mostVMs`` by name; the list of VMs has all of them.
    let vms: TableView
    let all: LinkView
    let events: LinkView

    init(_ id: HostID, in cluster: Cluster, at now: Timestamp) {
        name = id.text.printable
        state = StateView(HostStatus(id, in: cluster))
        message = cluster.hostMessage(id)?.printable
        details = TableView(
            "details", caption: "What it is", ["WHAT", "VALUE"],
            texts: cluster.hostRows(id, at: now))
        let names = cluster.actualVMs.filter { $0.value.value.host == id }.keys
            .map { (VMOverview($0, in: cluster).name, $0.text) }.sorted { $0 < $1 }
        let here = Set(names.prefix(Self.mostVMs).map(\.1))
        all = LinkView(
            href: "/vms?host=\(id.text.pathSegment)", text: "All \(names.count) in the list of VMs")
        events = LinkView(
            href: "/events?host=\(id.text.pathSegment)", text: "What happened on it")
        vms = TableView(
            cluster.vmListing(at: now, of: here), caption: "VMs, one a row", at: now,
            ifEmpty: "Nothing."
        ) { item, word, heading, cell in
            switch heading {
            case "NAME": cell = .link(.vm(word))
            case "STATE":
                if let word = item.cells[1].text.flatMap(VMStatus.Word.init) {
                    cell = .state(StateView(word))
                }
            default: break
            }
        }
    }
}
