package import MetaStackModel

/// Many things of one kind, as people and programs may ask for them.
///
/// The documents are made only where somebody wants them: a table of 10,000 VMs needs none.
package struct Listing: Sendable {
    package struct Column: Sendable, Equatable {
        package let heading: String
        package let alignment: Table.Alignment
        /// Shown only where there is room for everything.
        package let isWide: Bool
        /// Changes by itself as time goes by, which is no news.
        package let isAge: Bool

        package init(
            _ heading: String, _ alignment: Table.Alignment = .left, wide: Bool = false,
            age: Bool = false
        ) {
            self.heading = heading
            self.alignment = alignment
            isWide = wide
            isAge = age
        }

        /// As it is asked for: `STORED AS` is `stored-as`.
        package var name: String {
            heading.lowercased().map { $0 == " " ? "-" : $0 }.reduce(into: "") { $0.append($1) }
        }
    }

    /// A text, and the number that it is put in order by where there is one.
    package struct Cell: Sendable, Equatable {
        package let text: String?
        package let order: Int64?

        package static func text(_ text: String?) -> Cell { Cell(text: text, order: nil) }

        package static func number(_ number: Int, _ text: String? = nil) -> Cell {
            Cell(text: text ?? "\(number)", order: Int64(number))
        }

        package static func size(_ size: Mebibytes?, orElse text: String? = nil) -> Cell {
            Cell(text: size?.short ?? text, order: size.map { Int64($0.count) })
        }

        /// The youngest first, as with a number of seconds.
        package static func age(_ since: Timestamp?, at now: Timestamp) -> Cell {
            Cell(text: since?.age(at: now), order: since.map { now.milliseconds - $0.milliseconds })
        }

        package static func labels(_ labels: [String: String]) -> Cell {
            .text(
                labels.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
                    .joined(separator: ","))
        }
    }

    package struct Item: Sendable {
        package let id: String
        package let name: String
        package let labels: [String: String]
        package let cells: [Cell]
        /// Of the records that its document shows: other ones make another document.
        package let revisions: [Revision]
        package let document: @Sendable () throws -> JSONValue

        package init(
            id: String, name: String, labels: [String: String], cells: [Cell],
            revisions: [Revision], document: @escaping @Sendable () throws -> JSONValue
        ) {
            self.id = id
            self.name = name
            self.labels = labels
            self.cells = cells
            self.revisions = revisions
            self.document = document
        }
    }

    /// What one of them is called, and several.
    package let (one, many): (String, String)
    package let columns: [Column]
    package private(set) var items: [Item]

    package init(_ kind: ResourceKind, _ columns: [Column], _ items: [Item]) {
        self.init(one: kind.word, many: kind.plural, columns, items)
    }

    package init(one: String, many: String, _ columns: [Column], _ items: [Item]) {
        (self.one, self.many) = (one, many)
        self.columns = columns
        self.items = items
    }

    /// For people.
    package func table(wide: Bool = false) -> Table {
        let shown = shownColumns(wide: wide)
        let headings = shown.map { columns[$0].heading }
        var table = Table(
            headings,
            right: Set(
                shown.filter { columns[$0].alignment == .right }
                    .map { columns[$0].heading }))
        for item in items { table.add(shown.map { item.cells[$0].text }) }
        return table
    }

    /// The places of the columns that a table has.
    package func shownColumns(wide: Bool) -> [Int] {
        columns.indices.filter { wide || !columns[$0].isWide }
    }

    /// For programs.
    package func documents() throws -> [JSONValue] { try items.map { try $0.document() } }

    /// What to call each thing so that the same word finds it again: its name, or its id where
    /// others have the name, too.
    package var words: [String] {
        var counts: [String: Int] = [:]
        for item in items { counts[item.name, default: 0] += 1 }
        return items.map { counts[$0.name] == 1 ? $0.name : $0.id }
    }

    package var labelNames: Set<String> { Set(items.flatMap(\.labels.keys)) }

    package func selected(by selector: LabelSelector) -> Listing {
        with(items.filter { selector.matches($0.labels) })
    }

    package func with(_ items: [Item]) -> Listing {
        var other = self
        other.items = items
        return other
    }
}
