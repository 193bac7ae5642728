import MetaStackModel

extension Listing {
    /// In another order: by columns' names or paths into the documents, such as `state,-age` or
    /// `.desired.record.priority`; a minus before one turns it round.
    ///
    /// - Throws: `CommandFailure` (usage) where there is no such column.
    package func sorted(by text: String) throws -> Listing {
        let terms = try text.split(separator: ",").map { try OrderTerm(String($0), self) }
        guard !terms.isEmpty else { return self }
        let keyed = try items.enumerated().map { place, item in
            (place: place, keys: try terms.map { try $0.key(of: item) }, item: item)
        }
        let order = keyed.sorted { left, right in
            for (number, term) in terms.enumerated() where left.keys[number] != right.keys[number] {
                return (left.keys[number] < right.keys[number]) != term.isReversed
            }
            return left.place < right.place
        }
        return with(order.map(\.item))
    }
}

/// One thing that a listing is put in order by.
private struct OrderTerm {
    private enum Source {
        case column(Int)
        case path(DocumentPath)
    }

    let isReversed: Bool
    private let source: Source

    init(_ text: String, _ listing: Listing) throws {
        isReversed = text.hasPrefix("-")
        let name = isReversed ? String(text.dropFirst()) : text
        if name.hasPrefix(".") {
            source = .path(try DocumentPath(name))
            return
        }
        let known = listing.columns.map(\.name)
        guard let column = known.firstIndex(of: name.lowercased()) else {
            let near = known.nearest(to: name).map { "did you mean \($0)?" }
            throw CommandFailure(
                .usage,
                "\(listing.many) have no column \(name.quotedForPeople), "
                    + (near ?? "use one of \(known.joined(separator: ", ")), or a path"))
        }
        source = .column(column)
    }

    func key(of item: Listing.Item) throws -> OrderKey {
        switch source {
        case .column(let column):
            let cell = item.cells[column]
            return cell.order.map { .number(Double($0)) } ?? OrderKey(cell.text)
        case .path(let path): return OrderKey(path.values(in: try item.document()).first)
        }
    }
}

/// Numbers before texts, and what is not there at the end.
private enum OrderKey: Comparable {
    case number(Double)
    case text(String)
    case absent

    init(_ text: String?) { self = text.map { .text($0) } ?? .absent }

    init(_ value: JSONValue?) {
        switch value {
        case .integer(let number): self = .number(Double(number))
        case .number(let number): self = .number(number)
        case .string(let text): self = .text(text)
        case .bool(let flag): self = .text(flag ? "true" : "false")
        case nil, .null, .array, .object: self = .absent
        }
    }
}
