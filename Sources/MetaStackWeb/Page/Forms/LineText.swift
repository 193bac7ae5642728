import Foundation
import MetaStackManagement
import MetaStackModel

/// A list of things in a form's field: one a line.
enum LineText {
    /// A merge patch of the field: null where nothing is typed.
    ///
    /// - Parameter read: one line's value.
    /// - Throws: `Problem` that names the field.
    static func patch(
        _ field: String, _ text: String,
        _ read: (String) throws(MetaStackModel.ValidationError) -> JSONValue
    ) throws -> JSONValue {
        var values: [JSONValue] = []
        for line in lines(text) {
            do throws(MetaStackModel.ValidationError) {
                values.append(try read(line))
            } catch {
                throw Problem.field(field, error.description)
            }
        }
        return values.isEmpty ? .null : .array(values)
    }

    static func lines(_ text: String) -> [String] {
        // Browsers end lines with two signs, which are one to Swift.
        text.split(whereSeparator: \.isNewline).map { String($0).trimmed }.filter { !$0.isEmpty }
    }

    /// The same for words between commas or blanks.
    static func words(_ text: String) -> JSONValue {
        let words = text.split { $0 == "," || $0.isWhitespace }.map { JSONValue.string(String($0)) }
        return words.isEmpty ? .null : .array(words)
    }
}

extension JSONValue {
    /// A patch that says more.
    func with(_ more: [String: JSONValue]) -> JSONValue {
        guard case .object(let fields) = self else { return .object(more) }
        return .object(fields.merging(more) { $1 })
    }
}
