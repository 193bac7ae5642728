import ArgumentParser
import MetaStackManagement
import MetaStackModel

/// A text with holes that documents fill: `{.name} on {.actual.record.host}\n`.
///
/// A part of kubectl's JSONPath: paths, `{range PATH}…{end}`, texts as `{"…"}`, and `\n` and `\t`.
/// A list is `{"items": […]}` to it.
struct Template: Sendable, Equatable {
    private indirect enum Part: Sendable, Equatable {
        case text(String)
        case values(DocumentPath)
        case range(DocumentPath, [Part])
    }

    private let parts: [Part]

    /// - Throws: `ValidationError` where a brace, an `{end}` or a path is wrong.
    init(_ text: String) throws {
        var rest = Substring(text)
        parts = try Self.parts(&rest, isInRange: false)
    }

    private static func parts(_ rest: inout Substring, isInRange: Bool) throws -> [Part] {
        var parts: [Part] = []
        while !rest.isEmpty {
            let text = rest.prefix { $0 != "{" }
            rest = rest.dropFirst(text.count)
            if !text.isEmpty { parts.append(.text(unescaped(text))) }
            guard !rest.isEmpty else { break }
            let hole = try hole(&rest)
            if hole == "end" {
                guard isInRange else { throw refusal("there is an {end} without a {range}") }
                return parts
            } else if hole.hasPrefix("range ") {
                let path = try DocumentPath(trimmed(hole.dropFirst("range ".count)))
                parts.append(.range(path, try Self.parts(&rest, isInRange: true)))
            } else if hole.count >= 2, hole.first == "\"", hole.last == "\"" {
                parts.append(.text(unescaped(hole.dropFirst().dropLast())))
            } else {
                parts.append(.values(try DocumentPath(String(hole))))
            }
        }
        guard !isInRange else { throw refusal("a {range} has no {end}") }
        return parts
    }

    /// What is between the next two braces, which are taken away; a brace in quotes is none.
    private static func hole(_ rest: inout Substring) throws -> Substring {
        var quote: Character?
        var end = rest.index(after: rest.startIndex)
        while end < rest.endIndex, quote != nil || rest[end] != "}" {
            if rest[end] == quote {
                quote = nil
            } else if quote == nil, rest[end] == "\"" || rest[end] == "'" {
                quote = rest[end]
            }
            end = rest.index(after: end)
        }
        guard end < rest.endIndex else { throw refusal("a } is missing") }
        let hole = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        return Substring(trimmed(hole))
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            guard isEscaped else {
                isEscaped = character == "\\"
                if !isEscaped { result.append(character) }
                continue
            }
            isEscaped = false
            switch character {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "\\", "\"", "{", "}": result.append(character)
            default: result += "\\\(character)"
            }
        }
        return isEscaped ? result + "\\" : result
    }

    private static func refusal(_ problem: String) -> ArgumentParser.ValidationError {
        ArgumentParser.ValidationError("the template cannot be read: \(problem)")
    }

    /// The template filled from a document. What a record holds is made harmless to a terminal.
    func text(of document: JSONValue) throws -> String { try Self.text(of: parts, document) }

    private static func text(of parts: [Part], _ document: JSONValue) throws -> String {
        try parts.map { part in
            switch part {
            case .text(let text): text
            case .values(let path):
                try path.values(in: document).filter { $0 != .null }
                    .map { try $0.line().printable }.joined(separator: " ")
            case .range(let path, let parts):
                try path.values(in: document).map { try text(of: parts, $0) }.joined()
            }
        }.joined()
    }
}
