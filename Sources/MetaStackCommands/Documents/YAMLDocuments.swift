import MetaStackManagement
import MetaStackModel
import Yams

/// Reads YAML, and so JSON, that a person wrote, as values that records are made of.
///
/// Plain words mean what YAML 1.2's core schema says: `yes`, `on` and times are texts.
enum YAMLDocuments {
    /// More than any sane file has; aliases of aliases grow by the power.
    private static let mostNodes = 200_000
    private static let mostLevels = 100

    /// - Parameter file: for errors.
    /// - Throws: `CommandFailure` with the line.
    static func read(_ text: String, file: String) throws(CommandFailure) -> [JSONValue] {
        do {
            var left = mostNodes
            var documents = try compose_all(yaml: text)
            var values: [JSONValue] = []
            while let node = documents.next() {
                values.append(try value(node, &left, level: 0))
            }
            // An error only ends the sequence.
            if let error = documents.error { throw error }
            return values.filter { $0 != .null }
        } catch let error as CommandFailure {
            throw CommandFailure(error.status, "\(file): \(error.description)")
        } catch {
            let (line, problem) = YAMLProblem.describe(error)
            throw CommandFailure(.usage, "\(file)\(line.map { ":\($0)" } ?? ""): \(problem)")
        }
    }

    private static func value(
        _ node: Node, _ left: inout Int, level: Int
    ) throws(CommandFailure) -> JSONValue {
        left -= 1
        guard left > 0, level < mostLevels else {
            throw CommandFailure(.usage, "it is too large or too deep")
        }
        switch node {
        case .scalar(let scalar):
            return scalar.style == .plain ? plain(scalar.string) : .string(scalar.string)
        case .sequence(let sequence):
            var elements: [JSONValue] = []
            for node in sequence { elements.append(try value(node, &left, level: level + 1)) }
            return .array(elements)
        case .mapping(let mapping):
            var fields: [String: JSONValue] = [:]
            for (key, node) in mapping {
                guard case .scalar(let name) = key else {
                    throw CommandFailure(.usage, "a field's name must be a text")
                }
                fields[name.string] = try value(node, &left, level: level + 1)
            }
            return .object(fields)
        case .alias:
            throw CommandFailure(.usage, "an alias leads nowhere")
        }
    }

    /// A word without quotes.
    static func plain(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        let isNumeric = text.allSatisfy { $0.isASCII && ($0.isNumber || "+-.eE".contains($0)) }
        guard isNumeric, text.contains(where: \.isNumber) else { return .string(text) }
        if let number = Int64(text) { return .integer(number) }
        return Double(text).map { .number($0) } ?? .string(text)
    }
}
