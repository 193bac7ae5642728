import Foundation
import HTTPTypes
import MetaStackManagement
import MetaStackModel

extension [ResourceField] {
    /// What was typed into those fields that a form has, as a merge patch of a record: null for one that
    /// is left empty, so that its default holds.
    ///
    /// - Parameter labels: those that the record has.
    /// - Throws: `Problem` for labels and numbers that are none.
    func patch(_ typed: [String: String], over labels: [String: String] = [:]) throws -> JSONValue {
        var patch: [String: JSONValue] = [:]
        for field in self {
            guard let text = typed[field.name] else { continue }
            patch[field.name] = try field.value(text.trimmed, over: labels)
        }
        return .object(patch)
    }
}

extension ResourceField {
    /// nil for what no form has.
    fileprivate func value(_ text: String, over labels: [String: String]) throws -> JSONValue? {
        switch form {
        case .labels: return try LabelText.patch(text, over: labels)
        case .groups, .object, .list, .anything: return nil
        default: break
        }
        guard !text.isEmpty else { return .null }
        switch form {
        case .integer:
            guard let number = Int64(text) else {
                throw Problem.field(name, "\(text.quotedForPeople) is no whole number")
            }
            return .integer(number)
        case .number:
            guard let number = Double(text), number.isFinite else {
                throw Problem.field(
                    name, "\(text.quotedForPeople) is no number, write it like 8 or 1.5")
            }
            return .number(number)
        case .boolean: return .bool(text == "true")
        case .name, .text, .size, .choice, .checksum, .url, .time, .publicKey, .hostName, .pattern,
            .document:
            return .string(text)
        case .labels, .groups, .object, .list, .anything: return nil
        }
    }

    /// What the API's description says of it, as a sentence.
    var hint: String { summary.asSentence }

    /// The field of a form.
    ///
    /// - Parameter value: what stands in the record.
    func typed(_ value: JSONValue?) -> FormView.Field {
        let label = name.replacing("_", with: " ").withCapital
        let text = value.map { (try? $0.line()) ?? "" } ?? ""  // What was read can be written.
        if case .choice(let choices) = form {
            return .choice(
                name, label, among: choices.map { ($0, $0) },
                chosen: text.isEmpty ? choices.first ?? "" : text, hint: hint)
        }
        var field = FormView.Field(
            name: name, label: label, value: text, hint: hint, isRequired: isRequired)
        if case .integer = form { field.type = "number" }
        return field
    }
}

extension Problem {
    /// One field is to blame.
    static func field(_ name: String, _ reason: String) -> Problem {
        Problem(
            .unprocessableContent, "\(name): \(reason)",
            errors: [FieldProblem(path: name, problem: reason)])
    }
}
