import MetaStackManagement
import MetaStackModel

/// Which VMs the list shows, and in what order: the fields of its address.
struct VMListQuery: Sendable, Equatable {
    static let sorts = ["name", "state", "host", "flavour", "image", "age", "message"]

    var text = ""
    var state = ""
    var host = ""
    var labels = ""
    /// A column's name, with a minus before it for the other direction.
    var sort = "name"
    /// Only these, by id, for a page that has the others; nil for all.
    var ids: Set<String>?

    init(_ fields: [String: String]) {
        text = fields["q"] ?? ""
        state = fields["state"] ?? ""
        host = fields["host"] ?? ""
        labels = fields["labels"] ?? ""
        ids = fields["rows"].map { Set($0.split(separator: ",").map(String.init)) }
        if let wanted = fields["sort"], Self.sorts.contains(wanted.dropMinus) { sort = wanted }
    }

    /// The same with another order.
    func href(sort: String) -> String {
        let fields = [
            ("q", text), ("state", state), ("host", host), ("labels", labels), ("sort", sort),
        ]
        return "/vms?"
            + fields.filter { !$0.1.isEmpty }.map { "\($0.0)=\($0.1.pathSegment)" }
            .joined(separator: "&")
    }

    /// - Throws: `CommandFailure`, `ValidationError` for labels that cannot be read.
    func select(from listing: Listing) throws -> Listing {
        var listing = listing
        if !labels.isEmpty { listing = listing.selected(by: try LabelSelector(labels)) }
        let words = text.lowercased().split(separator: " ").map(String.init)
        let (stateColumn, hostColumn) = (1, 2)
        let items = listing.items.filter { item in
            guard state.isEmpty || item.cells[stateColumn].text == state,
                host.isEmpty || item.cells[hostColumn].text == host
            else { return false }
            return words.isEmpty || Self.holds(words, item)
        }
        let chosen = listing.with(items)
        return sort == "name" ? chosen : try chosen.sorted(by: sort)
    }

    /// Whether each word stands somewhere in the row, as the page's script looks for it, too.
    private static func holds(_ words: [String], _ item: Listing.Item) -> Bool {
        let shown = item.cells.compactMap(\.text).joined(separator: " ").lowercased()
        return words.allSatisfy { shown.contains($0) }
    }
}

extension String {
    fileprivate var dropMinus: String { hasPrefix("-") ? String(dropFirst()) : self }
}
