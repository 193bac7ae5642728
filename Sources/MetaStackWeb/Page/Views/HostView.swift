import MetaStackManagement
import MetaStackModel

/// One host and what runs there: `host.mustache`.
struct HostView: Sendable {
    let name: String
    let state: StateView
    let message: String?
    var alert: String?
    /// Empty for those who may not write.
    var forms: [FoldedForm] = []
    let details: TableView
    let vms: TableView

    init(_ id: HostID, in cluster: Cluster, at now: Timestamp) {
        name = id.text.printable
        state = StateView(HostStatus(id, in: cluster))
        message = cluster.hostMessage(id)?.printable
        details = TableView(
            "details", caption: "What it is", ["WHAT", "VALUE"],
            texts: cluster.hostRows(id, at: now))
        let here = Set(
            cluster.actualVMs.filter { $0.value.value.host == id }.keys.map(\.text))
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
