import MetaStackModel

/// Picks things by the values of their fields: `desired.record.host=host1,status!=running`.
struct FieldSelector {
    private struct Term {
        let path: [String]
        let value: String
        let isEqual: Bool
    }

    private let terms: [Term]

    var isEmpty: Bool { terms.isEmpty }

    /// - Throws: `ValidationError` for a term without a path or without a sign.
    init(_ text: String) throws(ValidationError) {
        var terms: [Term] = []
        for word in text.split(separator: ",") {
            guard let sign = word.firstIndex(of: "="), sign != word.startIndex else {
                throw Self.problem(word)
            }
            let isEqual = word[word.index(before: sign)] != "!"
            let path = word[..<sign].dropLast(isEqual ? 0 : 1).split(separator: ".")
            guard !path.isEmpty else { throw Self.problem(word) }
            terms.append(
                Term(
                    path: path.map(String.init), value: String(word[word.index(after: sign)...]),
                    isEqual: isEqual))
        }
        self.terms = terms
    }

    private static func problem(_ word: Substring) -> ValidationError {
        ValidationError(
            subject: "where", found: String(word),
            problem: "write it like desired.record.host=host1 or status!=running")
    }

    /// Whether all of it holds. What is not there is empty; a list has the value that one of its
    /// elements has.
    func matches(_ document: JSONValue) -> Bool {
        terms.allSatisfy { term in
            Self.texts(term.path[...], of: document).contains(term.value) == term.isEqual
        }
    }

    private static func texts(_ path: ArraySlice<String>, of value: JSONValue) -> [String] {
        switch value {
        case .array(let elements):
            return elements.isEmpty ? [""] : elements.flatMap { texts(path, of: $0) }
        case .object(let fields):
            guard let name = path.first else { return [] }
            return texts(path.dropFirst(), of: fields[name] ?? .null)
        case .null: return [""]
        case .string(let text): return path.isEmpty ? [text] : [""]
        case .integer(let number): return path.isEmpty ? ["\(number)"] : [""]
        case .number(let number): return path.isEmpty ? ["\(number)"] : [""]
        case .bool(let flag): return path.isEmpty ? ["\(flag)"] : [""]
        }
    }
}
