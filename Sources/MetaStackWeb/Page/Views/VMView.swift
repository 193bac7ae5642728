import Foundation
import MetaStackManagement
import MetaStackModel

/// One VM: what `vm show`, `vm history` and `explain` say, and its forms. `vm.mustache`.
struct VMView: Sendable {
    let name: String
    let state: StateView
    let since: MomentView?
    let host: LinkView?
    let message: String?
    var alert: String?
    let records: [TableView]
    let verdict: String
    let explanation: TableView?
    /// Asks what would be, and says what was asked.
    let supposition: FoldedForm
    let events: LinkView
    let takeovers: TableView
    let nics: TableView
    let volumes: TableView
    /// The desired record as JSON; nil where there is none.
    let record: String?
    /// nil for those who may not write.
    let canWrite: Bool
    var buttons: [FormView] = []
    var editHref: String?
    var move: FoldedForm?
    var delete: FoldedForm?

    init(
        _ id: VMID, _ supposed: Supposition = Supposition([:]), in cluster: Cluster,
        at now: Timestamp, canWrite: Bool
    ) {
        let vm = VMOverview(id, in: cluster)
        let status = VMStatus(id, in: cluster)
        let details = VMDetails(vm: vm, status: status, cluster: cluster, now: now)
        name = vm.name.printable
        state = StateView(status.word)
        since = vm.claim.flatMap { MomentView($0.value.since, at: now) }
        host = vm.claim.map { .host($0.value.host) }
        message = status.message?.printable
        records = Self.records(details)
        takeovers = TakeoverTable.table(of: vm.history?.value)
        nics = TableView(
            "nics", caption: "Its network interfaces", NICTable.headings, right: ["NIC"],
            texts: NICTable(vm, in: cluster).cells, ifEmpty: "It has none.")
        volumes = TableView(
            "disks", caption: "Its disks in Ceph", VMDetails.volumeHeadings, right: ["SIZE"],
            texts: details.volumeRows, ifEmpty: "It has none.")
        record = cluster.desiredRecord(.vm, id.text).map { Self.text($0.record) }
        self.canWrite = canWrite
        events = LinkView(href: "/events?vm=\(id.text.pathSegment)", text: "What happened to it")
        supposition = supposed.form(id, cluster)
        do throws(CommandFailure) {
            let explanation = try Explanation(
                id, try supposed.question(in: cluster), in: cluster)
            verdict = Self.sentence(explanation.verdict).printable
            self.explanation = TableView(
                "hosts", caption: "Each host, the best first; its own has a star",
                Explanation.headings, right: ["RANK", "LOAD", "UNMET"],
                texts: explanation.rows.map(explanation.cells), ifEmpty: "No host was asked.")
        } catch {
            verdict = Problem(error).sentence.printable
            explanation = nil
        }
    }

    /// A verdict follows the VM's name, unless it begins with its own subject.
    private static func sentence(_ verdict: String) -> String {
        verdict.hasPrefix("no host") ? "N\(verdict.dropFirst())." : "It \(verdict)."
    }

    private static func records(_ details: VMDetails) -> [TableView] {
        let own = TableView(
            "records", caption: "What is wanted beside what is so", ["WHAT", "WANTED", "SO"],
            texts: details.rows)
        guard let history = details.vm.history?.value else { return [own] }
        let past = TableView(
            "past", caption: "What outlives its claims", ["WHAT", "VALUE"],
            texts: VMPast(history).rows)
        return [own, past]
    }

    private static func text(_ record: JSONValue) -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        // What came as JSON can be written as JSON.
        let data = (try? encoder.encode(record)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
