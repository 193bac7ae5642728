/// Columns for people: as wide as what is in them, two blanks apart, no blanks at a line's end.
package struct Table: Sendable, Equatable {
    package enum Alignment: Sendable { case left, right }

    private let headings: [String]
    private let alignments: [Alignment]
    private var rows: [[String]] = []

    /// - Parameter right: headings of columns that hold numbers.
    package init(_ headings: [String], right: Set<String> = []) {
        self.headings = headings
        alignments = headings.map { right.contains($0) ? .right : .left }
    }

    /// Adds a row; an absent or empty cell shows as `-`, and missing ones at the end too.
    package mutating func add(_ cells: [String?]) {
        precondition(cells.count <= headings.count, "a row has a cell for each heading at most")
        let shown = cells.map { cell in
            let text = (cell ?? "").printable
            return text.isEmpty ? "-" : text
        }
        rows.append(shown + Array(repeating: "-", count: headings.count - cells.count))
    }

    /// The table with a newline after each line; the headings stand alone where there are no rows.
    package var text: String {
        let lines = [headings] + rows
        let widths = headings.indices.map { column in
            lines.map { $0[column].displayWidth }.max() ?? 0
        }
        return lines.map { line(of: $0, widths) + "\n" }.joined()
    }

    private func line(of cells: [String], _ widths: [Int]) -> String {
        var line = ""
        for (column, cell) in cells.enumerated() {
            let padding = String(repeating: " ", count: widths[column] - cell.displayWidth)
            line += alignments[column] == .right ? padding + cell : cell + padding
            line += "  "
        }
        while line.last == " " { line.removeLast() }
        return line
    }
}
