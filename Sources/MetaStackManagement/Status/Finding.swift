package import MetaStackModel

/// Something that somebody should look at, in a sentence, and the command that goes on from there.
package struct Finding: Sendable, Equatable {
    package enum Weight: Int, Sendable, Comparable {
        /// Something that is wanted is not so, and does not mend itself.
        case problem
        /// Worth knowing.
        case notice

        package var word: String { self == .problem ? "problem" : "notice" }

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package let weight: Weight
    /// What it is about; nil where that is the cluster as such.
    package let kind: ResourceKind?
    package let ids: [String]
    package let text: String
    /// A command line, or what to do in words; nil where nothing can be done but wait.
    package let remedy: String?

    package init(
        _ weight: Weight, _ kind: ResourceKind? = nil, ids: [String] = [], _ text: String,
        remedy: String?
    ) {
        self.weight = weight
        self.kind = kind
        self.ids = ids
        self.text = text
        self.remedy = remedy
    }

    package var document: JSONValue {
        .object([
            "weight": .string(weight.word), "kind": JSONValue(kind?.word),
            "ids": .array(ids.map { .string($0) }), "text": .string(text),
            "remedy": JSONValue(remedy),
        ])
    }
}

extension Finding: Codable {
    private enum CodingKeys: String, CodingKey {
        case weight, kind, ids, text, remedy
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        let isBad = try fields.decode(String.self, forKey: .weight) == Weight.problem.word
        self.init(
            isBad ? .problem : .notice,
            try fields.decodeIfPresent(String.self, forKey: .kind).flatMap(ResourceKind.init),
            ids: try fields.decode([String].self, forKey: .ids),
            try fields.decode(String.self, forKey: .text),
            remedy: try fields.decodeIfPresent(String.self, forKey: .remedy))
    }

    package func encode(to encoder: any Encoder) throws { try document.encode(to: encoder) }
}
