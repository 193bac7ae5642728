/// Columns for people: as wide as what is in them, two blanks apart, no blanks at a line's end.
package struct Table: Sendable, Equatable {
    package enum Alignment: Sendable { case left, right }

    /// Dresses a cell up, such as with a colour; what it adds must take no room on the screen.
    package typealias Paint = (_ column: Int, _ cell: String) -> String

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
        var widths: [Int] = []
        return text(widths: &widths)
    }

    /// The same, or its rows alone, so that rows can be added to what was shown before.
    ///
    /// - Parameters:
    ///   - widths: of the columns so far, empty for none; they grow where these rows need more.
    ///   - headed: whether the headings are shown.
    package func text(
        widths: inout [Int], headed: Bool = true, paint: Paint? = nil
    ) -> String {
        let lines = headed ? [headings] + rows : rows
        let cellWidths = lines.map { $0.map(\.displayWidth) }
        if widths.isEmpty { widths = headings.map(\.displayWidth) }
        for column in headings.indices {
            widths[column] = cellWidths.reduce(widths[column]) { max($0, $1[column]) }
        }
        var text = ""
        for (number, cells) in lines.enumerated() {
            let isHeading = headed && number == 0
            append(cells, cellWidths[number], widths, isHeading ? nil : paint, to: &text)
        }
        return text
    }

    private func append(
        _ cells: [String], _ own: [Int], _ widths: [Int], _ paint: Paint?, to text: inout String
    ) {
        var blanks = 0
        for column in cells.indices {
            let padding = widths[column] - own[column]
            if alignments[column] == .right { blanks += padding }
            if !cells[column].isEmpty {
                text += String(repeating: " ", count: blanks)
                text += paint?(column, cells[column]) ?? cells[column]
                blanks = 0
            }
            blanks += alignments[column] == .right ? 2 : padding + 2
        }
        text += "\n"
    }
}
