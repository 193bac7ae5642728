import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// How the answer is written.
enum OutputFormat: Sendable, Equatable, CustomStringConvertible {
    case table
    /// A table with every column.
    case wide
    case json, yaml
    /// Names alone, one a line; ids where a name does not tell things apart.
    case name
    case template(Template)

    private static let templateNames = ["template", "jsonpath"]
    private static let names = ["table", "wide", "json", "yaml", "name"]

    /// For shells to complete.
    static let completions = names + templateNames.map { "\($0)=" }

    /// - Throws: `ValidationError` for a format that there is not, or a template that is none.
    init(_ text: String) throws {
        switch text {
        case "table": self = .table
        case "wide": self = .wide
        case "json": self = .json
        case "yaml": self = .yaml
        case "name": self = .name
        default:
            for name in Self.templateNames where text.hasPrefix(name + "=") {
                self = .template(try Template(String(text.dropFirst(name.count + 1))))
                return
            }
            let near = Self.names.nearest(to: text).map { "did you mean \($0)?" }
            throw ArgumentParser.ValidationError(
                "there is no output format \(text.quotedForPeople), "
                    + (near ?? "use \(Self.names.joined(separator: ", ")) or template=…"))
        }
    }

    /// Whether people read it: then confirmations and colours are welcome.
    var isForPeople: Bool { self == .table || self == .wide }

    var description: String {
        switch self {
        case .table: "table"
        case .wide: "wide"
        case .json: "json"
        case .yaml: "yaml"
        case .name: "name"
        case .template: "template"
        }
    }
}
