import Yams

/// YAML that goes to a guest as it is: read only to find out whether the guest will be able to.
enum CheckedYAML {
    /// Aliases of aliases grow by the power, so that a parser would be at them for ever.
    private static let mostAliases = 24

    /// What is wrong with the text, in words; nil where it is a mapping, or empty.
    ///
    /// - Parameter need: what must be true of the mapping, and what is said where it is not.
    static func problem(
        _ text: String, what: String, need: (Node.Mapping) -> String? = { _ in nil }
    ) -> String? {
        let aliases = aliases(in: text)
        guard aliases <= mostAliases else {
            return "it has \(aliases) aliases, at most \(mostAliases) are allowed"
        }
        do {
            guard let root = try compose(yaml: text) else { return need(Node.Mapping([])) }
            switch root {
            case .mapping(let mapping): return need(mapping)
            case .scalar(let scalar) where ["", "~", "null"].contains(scalar.string):
                return need(Node.Mapping([]))
            case .scalar, .sequence, .alias:
                return "\(what) is a mapping: lines of the form 'key: value'"
            }
        } catch {
            let (line, problem) = YAMLProblem.describe(error)
            return (line.map { "line \($0): " } ?? "") + problem
        }
    }

    /// A little more than there are: a star before a word in a text counts as well.
    private static func aliases(in text: String) -> Int {
        var count = 0
        var (beforeStar, isStar, last) = (UInt8(ascii: " "), false, UInt8(ascii: " "))
        for byte in text.utf8 {
            if isStar, byte > UInt8(ascii: " "), byte != UInt8(ascii: "*"),
                byte != UInt8(ascii: "/"), " \n\r\t[]{},:-?".utf8.contains(beforeStar)
            {
                count += 1
            }
            isStar = byte == UInt8(ascii: "*")
            if isStar { beforeStar = last }
            last = byte
        }
        return count
    }
}
