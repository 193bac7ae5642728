import Foundation
import MetaStackManagement
import MetaStackModel
import Yams

/// One thing that is shown: for people, and for programs.
struct Shown {
    /// What finds it again.
    let name: String
    let document: JSONValue
    let text: () -> String
}

/// Writes answers; the one place that knows all output formats.
struct Renderer: Sendable {
    let format: OutputFormat
    let hasColours: Bool

    // MARK: One thing

    func text(of shown: Shown) throws -> String {
        switch format {
        case .table, .wide: shown.text()
        case .name: shown.name.printable + "\n"
        case .json, .yaml, .template: try text(of: shown.document)
        }
    }

    /// A document for programs: fields in alphabetical order, a newline at the end.
    func text(of document: JSONValue) throws -> String {
        switch format {
        case .yaml: return try document.yaml()
        case .template(let template): return Self.ended(try template.text(of: document))
        case .json, .table, .wide, .name:
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            return String(decoding: try encoder.encode(document), as: UTF8.self) + "\n"
        }
    }

    // MARK: Lists

    func text(of listing: Listing) throws -> String {
        switch format {
        case .table, .wide:
            var widths: [Int] = []
            return table(listing, widths: &widths, headed: true)
        case .name: return listing.words.map { $0.printable + "\n" }.joined()
        case .json, .yaml: return try text(of: .array(try listing.documents()))
        case .template:
            return try text(of: .object(["items": .array(try listing.documents())]))
        }
    }

    /// Some of a list's things by themselves: rows under those that were shown, or a document each.
    func news(_ listing: Listing, widths: inout [Int]) throws -> String {
        switch format {
        case .table, .wide: return table(listing, widths: &widths, headed: false)
        case .name, .template: return try text(of: listing)
        case .json: return try listing.documents().map { try text(of: $0) }.joined()
        case .yaml: return try listing.documents().map { "---\n" + (try text(of: $0)) }.joined()
        }
    }

    /// A list's table; widths as those of ``Table/text(widths:headed:paint:)``.
    func table(_ listing: Listing, widths: inout [Int], headed: Bool) -> String {
        let isWide = format == .wide
        let states = Set(
            listing.shownColumns(wide: isWide).enumerated()
                .filter { listing.columns[$0.element].heading == "STATE" }.map(\.offset))
        let paint: Table.Paint = { column, cell in
            guard states.contains(column), let colour = StateColour(state: cell) else {
                return cell
            }
            return colour.paint(cell)
        }
        return listing.table(wide: isWide)
            .text(widths: &widths, headed: headed, paint: hasColours ? paint : nil)
    }

    private static func ended(_ text: String) -> String {
        text.isEmpty || text.hasSuffix("\n") ? text : text + "\n"
    }
}

extension JSONValue {
    /// As YAML, fields in alphabetical order.
    func yaml() throws -> String {
        let encoder = YAMLEncoder()
        encoder.options.sortKeys = true
        encoder.options.allowUnicode = true
        return try encoder.encode(self)
    }
}
