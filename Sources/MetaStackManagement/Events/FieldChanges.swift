import MetaStackModel

/// What differs between two versions of a record.
enum FieldChanges {
    /// Longer values are cut: a list of events is no dump.
    private static let longest = 60

    /// Such as `flavour small → large, labels.app shop → -`; empty where nothing differs.
    ///
    /// - Parameter ignored: top fields that are told otherwise, or are no news.
    static func text(
        from old: JSONValue, to new: JSONValue, ignoring ignored: Set<String> = []
    ) -> String {
        changes(old, new, ignored, path: "").joined(separator: ", ")
    }

    private static func changes(
        _ old: JSONValue, _ new: JSONValue, _ ignored: Set<String>, path: String
    ) -> [String] {
        guard old != new else { return [] }
        guard case .object(let before) = old, case .object(let after) = new else {
            return ["\(path) \(word(old)) → \(word(new))"]
        }
        return Set(before.keys).union(after.keys).subtracting(ignored).sorted().flatMap { name in
            changes(
                before[name] ?? .null, after[name] ?? .null, [],
                path: path.isEmpty ? name : "\(path).\(name)")
        }
    }

    private static func word(_ value: JSONValue) -> String {
        guard value != .null else { return "-" }
        // What came as JSON can be written as JSON.
        return ((try? value.line()) ?? "?").cut(toWidth: longest)
    }
}
