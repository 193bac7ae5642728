import MetaStackModel

/// `word,key=value,key=value` as people type it: one thing with several parts.
struct CommaFields: Sendable, Equatable {
    /// What stands before the first comma without a key.
    private(set) var word: String?
    private let noun: String
    private var values: [(key: String, value: String)] = []

    static func == (left: Self, right: Self) -> Bool {
        left.word == right.word && left.values.elementsEqual(right.values, by: ==)
    }

    /// - Parameters:
    ///   - known: the keys that there are; `_` and `-` are the same in them.
    ///   - noun: what the text is, for errors.
    /// - Throws: `ValidationError` for a part that is none of those.
    init(
        _ text: String, known: [String], noun: String
    ) throws(ValidationError) {
        self.noun = noun
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        for (place, part) in parts.enumerated() {
            let sides = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                .map(String.init)
            if sides.count == 1, place == 0, !part.isEmpty {
                word = part
                continue
            }
            let key = sides[0].replacing("_", with: "-")
            guard sides.count == 2, known.contains(key), !sides[1].isEmpty else {
                let near = known.nearest(to: key).map { ", did you mean \($0)=?" }
                throw ValidationError(
                    subject: noun, found: text,
                    problem: "\(part.quotedForPeople) is no part of it"
                        + (near ?? ", use " + known.map { $0 + "=" }.joined(separator: ", ")))
            }
            values.append((key, sides[1]))
        }
    }

    func all(_ key: String) -> [String] { values.filter { $0.key == key }.map(\.value) }

    /// - Throws: `ValidationError` where it is there twice.
    func one(_ key: String) throws(ValidationError) -> String? {
        let all = all(key)
        guard all.count <= 1 else {
            throw ValidationError(
                subject: noun, found: all.joined(separator: ","),
                problem: "\(key)= may stand there once")
        }
        return all.first
    }

    func text(_ key: String) throws(ValidationError) -> JSONValue? {
        guard let text = try one(key) else { return nil }
        return .string(text)
    }

    func texts(_ key: String) -> JSONValue? {
        let all = all(key)
        return all.isEmpty ? nil : .array(all.map { .string($0) })
    }

    /// - Throws: `ValidationError` where it is no whole number.
    func number(_ key: String) throws(ValidationError) -> JSONValue? {
        guard let text = try one(key) else { return nil }
        guard let number = Int64(text) else {
            throw ValidationError(
                subject: noun, found: text, problem: "\(key)= is a whole number")
        }
        return .integer(number)
    }
}
