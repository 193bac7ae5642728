package import MetaStackModel

/// Picks things by their labels: `app=web,tier!=db,rack,!spare`.
package struct LabelSelector: Sendable, Equatable {
    private enum Term: Sendable, Equatable {
        case equals(String, String)
        case differs(String, String)
        case has(String)
        case lacks(String)
    }

    private let terms: [Term]

    /// - Parameter text: terms between commas, all of which must hold; empty text picks all.
    /// - Throws: `ValidationError` for a term that cannot be read.
    package init(_ text: String) throws(ValidationError) {
        var terms: [Term] = []
        for part in text.split(separator: ",", omittingEmptySubsequences: true) {
            terms.append(try Self.term(String(part.drop { $0 == " " })))
        }
        self.terms = terms
    }

    private static func term(_ text: String) throws(ValidationError) -> Term {
        func name(_ text: Substring) throws(ValidationError) -> String {
            do throws(ValidationError) {
                return try ResourceName(String(text)).text
            } catch {
                throw ValidationError(
                    subject: "label", found: String(text), problem: error.problem)
            }
        }
        if let sign = text.firstRange(of: "!=") {
            return .differs(try name(text[..<sign.lowerBound]), String(text[sign.upperBound...]))
        }
        if let sign = text.firstRange(of: "==") ?? text.firstRange(of: "=") {
            return .equals(try name(text[..<sign.lowerBound]), String(text[sign.upperBound...]))
        }
        if text.hasPrefix("!") { return .lacks(try name(text.dropFirst())) }
        return .has(try name(text[...]))
    }

    /// The labels that it asks for.
    package var names: [String] {
        terms.map { term in
            switch term {
            case .equals(let name, _), .differs(let name, _), .has(let name), .lacks(let name):
                name
            }
        }
    }

    package func matches(_ labels: [String: String]) -> Bool {
        terms.allSatisfy { term in
            switch term {
            case .equals(let name, let value): labels[name] == value
            case .differs(let name, let value): labels[name] != value
            case .has(let name): labels[name] != nil
            case .lacks(let name): labels[name] == nil
            }
        }
    }
}
