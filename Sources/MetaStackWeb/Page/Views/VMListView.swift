import MetaStackManagement
import MetaStackModel

/// The list of VMs with its filter: `vms.mustache`.
struct VMListView: Sendable {
    struct Column: Sendable, Equatable {
        let name: String
        let text: String
        let href: String
        let direction: String?
    }

    let query: String
    let labels: String
    let sort: String
    let states: [FormView.Option]
    let hosts: [FormView.Option]
    let columns: [Column]
    /// HTML.
    let rows: String
    let count: String
    let alert: String?
    let canWrite: Bool

    init(_ cluster: Cluster, _ query: VMListQuery, at now: Timestamp, canWrite: Bool) {
        let all = cluster.vmListing(at: now, of: query.ids)
        var chosen = all.with([])
        var alert: String?
        do {
            chosen = try query.select(from: all)
        } catch {
            alert = Problem(error).sentence
        }
        self.query = query.text
        labels = query.labels
        sort = query.sort
        self.alert = alert
        states = Self.options(
            "every state", VMStatus.Word.allCases.map(\.rawValue), chosen: query.state)
        hosts = Self.options(
            "every host", cluster.hostNames.known.map(\.id.text).sorted(), chosen: query.host)
        columns = VMListQuery.sorts.map { Self.column($0, query) }
        rows = VMRows.html(chosen, at: now)
        let (shown, known) = (chosen.items.count, all.items.count)
        count =
            shown < known ? "\(shown) of \(known) VMs" : known == 1 ? "1 VM" : "\(known) VMs"
        self.canWrite = canWrite
    }

    private static func options(
        _ every: String, _ texts: [String], chosen: String
    ) -> [FormView.Option] {
        let missing = chosen.isEmpty || texts.contains(chosen) ? [] : [chosen]
        return [FormView.Option(value: "", text: every, isChosen: chosen.isEmpty)]
            + (texts + missing).map {
                FormView.Option(value: $0, text: $0.printable, isChosen: $0 == chosen)
            }
    }

    private static func column(_ name: String, _ query: VMListQuery) -> Column {
        let isUp = query.sort == name
        let direction = isUp ? "ascending" : query.sort == "-" + name ? "descending" : nil
        return Column(
            name: name, text: TableView.spoken(name.uppercased()),
            href: query.href(sort: isUp ? "-" + name : name), direction: direction)
    }
}

/// Rows of the list of VMs as HTML.
///
/// Written without a template: one row by template costs as much as thirty here, and there are
/// thousands. Every text goes through ``Swift/String/escapedForHTML``.
enum VMRows {
    static func html(_ listing: Listing, at now: Timestamp) -> String {
        var html = ""
        html.reserveCapacity(listing.items.count * 400)
        for (item, word) in zip(listing.items, listing.words) {
            append(item, word, at: now, to: &html)
        }
        return html
    }

    /// The columns of `vm list` that are shown, with the message, which is its last.
    private static let (name, state, host, flavour, image, age) = (0, 1, 2, 3, 4, 5)

    private static func append(
        _ item: Listing.Item, _ word: String, at now: Timestamp, to html: inout String
    ) {
        func text(_ column: Int) -> String { shown(item.cells[column].text) }
        html += "<tr id=\"vm-"
        html += item.id.escapedForHTML
        html += "\" data-name=\""
        html += shown(item.name)
        html += "\"><td><a href=\"/vms/"
        html += word.pathSegment
        html += "\">"
        html += text(name)
        html += "</a></td><td>"
        if let word = item.cells[state].text.flatMap(VMStatus.Word.init) {
            let view = StateView(word)
            html += "<span class=\"state \(view.tone)\">\(view.word)</span>"
        }
        html += "</td><td>"
        if let host = item.cells[host].text {
            html += "<a href=\"/hosts/\(host.pathSegment)\">\(shown(host))</a>"
        }
        html += "</td><td>"
        html += text(flavour)
        html += "</td><td>"
        html += text(image)
        html += "</td><td>"
        if let order = item.cells[age].order, let shown = item.cells[age].text {
            let moment = Timestamp(milliseconds: now.milliseconds - order)
            html += "<time datetime=\"\(moment)\">\(shown)</time>"
        }
        html += "</td><td>"
        html += shown(item.cells.last?.text)
        html += "</td></tr>\n"
    }

    private static func shown(_ text: String?) -> String {
        (text ?? "").printable.escapedForHTML
    }
}
