package import MetaStackModel

/// A way into a document, such as `.desired.record.name`, `.items[*].id` or `.labels['a.b']`.
package struct DocumentPath: Sendable, Equatable {
    private enum Step: Sendable, Equatable {
        case field(String)
        /// Negative ones count from the end.
        case element(Int)
        case all
    }

    private let steps: [Step]

    /// - Throws: `ValidationError` for text that is no path.
    package init(_ text: String) throws(ValidationError) {
        func refuse(_ problem: String) -> ValidationError {
            ValidationError(subject: "path", found: text, problem: problem)
        }
        var steps: [Step] = []
        var rest = Substring(text)
        if rest.first == "@" || rest.first == "$" { rest = rest.dropFirst() }
        while let first = rest.first {
            rest = rest.dropFirst()
            switch first {
            case ".":
                let name = rest.prefix { $0 != "." && $0 != "[" }
                rest = rest.dropFirst(name.count)
                if name == "*" {
                    steps.append(.all)
                } else if !name.isEmpty {
                    steps.append(.field(String(name)))
                } else if !rest.isEmpty && rest.first != "[" {
                    throw refuse("a name is missing between two dots")
                }
            case "[":
                guard let end = rest.firstIndex(of: "]") else { throw refuse("a ] is missing") }
                guard let step = Self.step(rest[..<end]) else {
                    throw refuse("write [*], a number or a name in quotes in the brackets")
                }
                steps.append(step)
                rest = rest[rest.index(after: end)...]
            default:
                throw refuse("it begins with a dot, such as .desired.record.name")
            }
        }
        self.steps = steps
    }

    private static func step(_ text: Substring) -> Step? {
        if text == "*" { return .all }
        if let number = Int(text) { return .element(number) }
        guard text.count >= 2, let quote = text.first, quote == "'" || quote == "\"",
            text.last == quote
        else { return nil }
        return .field(String(text.dropFirst().dropLast()))
    }

    /// Everything that is found this way; nothing where there is no such field.
    package func values(in document: JSONValue) -> [JSONValue] {
        steps.reduce([document]) { values, step in values.flatMap { Self.take(step, of: $0) } }
    }

    private static func take(_ step: Step, of value: JSONValue) -> [JSONValue] {
        switch (step, value) {
        case (.field(let name), .object(let fields)): return fields[name].map { [$0] } ?? []
        case (.element(let place), .array(let elements)):
            let index = place < 0 ? elements.count + place : place
            return elements.indices.contains(index) ? [elements[index]] : []
        case (.all, .array(let elements)): return elements
        case (.all, .object(let fields)):
            return fields.sorted { $0.key < $1.key }.map(\.value)
        default: return []
        }
    }
}
