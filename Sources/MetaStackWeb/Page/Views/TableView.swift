import MetaStackManagement
import MetaStackModel

/// A table of a page: `table.mustache`.
struct TableView: Sendable, Equatable {
    struct Heading: Sendable, Equatable {
        let text: String
        let isNumber: Bool
    }

    struct Cell: Sendable, Equatable {
        var text = ""
        var href: String?
        var state: StateView?
        var moment: MomentView?
        var meter: MeterView?
        var isNumber = false

        static func text(_ text: String?) -> Cell { Cell(text: (text ?? "").printable) }

        static func link(_ link: LinkView) -> Cell { Cell(text: link.text, href: link.href) }

        static func state(_ state: StateView) -> Cell { Cell(state: state) }

        static func moment(_ moment: MomentView?) -> Cell { Cell(moment: moment) }
    }

    struct Row: Sendable, Equatable {
        var rowID: String?
        var cells: [Cell]
    }

    let tableID: String
    let caption: String
    let headings: [Heading]
    let rows: [Row]
    /// What stands below the headings where there are no rows.
    let ifEmpty: String

    /// - Parameters:
    ///   - headings: as the command line has them, in capitals.
    ///   - right: those of columns that hold numbers.
    init(
        _ tableID: String, caption: String, _ headings: [String], right: Set<String> = [],
        rows: [Row], ifEmpty: String = "There are none."
    ) {
        self.tableID = tableID
        self.caption = caption
        self.headings = headings.map {
            Heading(text: Self.spoken($0), isNumber: right.contains($0))
        }
        self.rows = rows.map { row in
            var row = row
            for place in row.cells.indices where right.contains(headings[place]) {
                row.cells[place].isNumber = true
            }
            return row
        }
        self.ifEmpty = ifEmpty
    }

    /// Of plain texts, such as the command line's tables.
    init(
        _ tableID: String, caption: String, _ headings: [String], right: Set<String> = [],
        texts: [[String?]], ifEmpty: String = "There are none."
    ) {
        self.init(
            tableID, caption: caption, headings, right: right,
            rows: texts.map { Row(cells: $0.map(Cell.text)) }, ifEmpty: ifEmpty)
    }

    /// The columns that the command line's list has.
    ///
    /// - Parameter dress: what a cell has besides its text, by its column's heading.
    init(
        _ listing: Listing, caption: String, at now: Timestamp,
        ifEmpty: String = "There are none.",
        dress: (_ item: Listing.Item, _ word: String, _ heading: String, inout Cell) -> Void
    ) {
        let shown = listing.shownColumns(wide: false)
        let columns = shown.map { listing.columns[$0] }
        let rows = zip(listing.items, listing.words).map { item, word in
            let cells = zip(shown, columns).map { place, column in
                let source = item.cells[place]
                var cell = Cell.text(source.text)
                if column.isAge, let order = source.order, source.text != nil {
                    let moment = Timestamp(milliseconds: now.milliseconds - order)
                    cell = .moment(MomentView(moment, at: now))
                }
                dress(item, word, column.heading, &cell)
                return cell
            }
            return Row(rowID: "\(listing.one)-\(item.id)", cells: cells)
        }
        self.init(
            "\(listing.many)-table", caption: caption, columns.map(\.heading),
            right: Set(columns.filter { $0.alignment == .right }.map(\.heading)), rows: rows,
            ifEmpty: ifEmpty)
    }

    /// `WHY NOT` is `Why not`; what is short for something stays in capitals.
    static func spoken(_ heading: String) -> String {
        let kept = [
            "VMS": "VMs", "VM": "VM", "VCPUS": "vCPUs", "RAM": "RAM", "URL": "URL", "NIC": "NIC",
            "MAC": "MAC",
            "DNS": "DNS", "MTU": "MTU",
        ]
        return kept[heading] ?? heading.prefix(1) + heading.dropFirst().lowercased()
    }
}
