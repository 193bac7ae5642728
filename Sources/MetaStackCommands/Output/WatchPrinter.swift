import MetaStackManagement
import MetaStackModel

/// Shows a list and then whatever changes of it.
///
/// Rows are shown again as they change, one under the other, so that the screen is a record of
/// what happened.
struct WatchPrinter {
    private let renderer: Renderer
    private var widths: [Int] = []
    private var known: [String: Listing.Item] = [:]

    init(_ renderer: Renderer) { self.renderer = renderer }

    /// The whole list.
    mutating func first(_ listing: Listing) throws -> String {
        known = Dictionary(listing.items.map { ($0.id, $0) }) { $1 }
        guard renderer.format.isForPeople else {
            return try renderer.news(listing, widths: &widths)
        }
        return renderer.table(listing, widths: &widths, headed: true)
    }

    /// What is new since the last one; empty where nothing is.
    mutating func next(_ listing: Listing) throws -> String {
        let changed = listing.items.filter { item in
            known[item.id].map { isNews($0, item, listing.columns) } ?? true
        }
        let present = Set(listing.items.map(\.id))
        let gone = known.values.filter { !present.contains($0.id) }.sorted { $0.id < $1.id }
            .map { $0.gone(from: listing.columns) }
        known = Dictionary(listing.items.map { ($0.id, $0) }) { $1 }
        guard !changed.isEmpty || !gone.isEmpty else { return "" }
        return try renderer.news(listing.with(changed + gone), widths: &widths)
    }

    private func isNews(
        _ old: Listing.Item, _ new: Listing.Item, _ columns: [Listing.Column]
    ) -> Bool {
        let isSeen = columns.indices.contains { column in
            let isShown = renderer.format != .table || !columns[column].isWide
            return isShown && !columns[column].isAge && old.cells[column] != new.cells[column]
        }
        return isSeen || !renderer.format.isForPeople && old.revisions != new.revisions
    }
}

extension Listing.Item {
    /// What is shown of a thing that is there no more.
    fileprivate func gone(from columns: [Listing.Column]) -> Listing.Item {
        let place =
            columns.firstIndex { $0.heading == "STATE" }
            ?? columns.firstIndex { $0.heading == "MESSAGE" }
        var cells = columns.map { _ in Listing.Cell.text(nil) }
        cells[0] = self.cells[0]
        if let place { cells[place] = .text("gone") }
        let (id, name) = (id, name)
        return Listing.Item(
            id: id, name: name, labels: labels, cells: cells, revisions: [],
            document: {
                .object(["id": .string(id), "name": .string(name), "status": .string("gone")])
            })
    }
}
