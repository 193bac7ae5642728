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
            let hides = path.hasSuffix(".user_data")
            return ["\(path) \(word(old, hides)) → \(word(new, hides))"]
        }
        return Set(before.keys).union(after.keys).subtracting(ignored).sorted().flatMap { name in
            changes(
                before[name] ?? .null, after[name] ?? .null, [],
                path: path.isEmpty ? name : "\(path).\(name)")
        }
    }

    /// - Parameter hides: whether it may be a secret.
    private static func word(_ value: JSONValue, _ hides: Bool) -> String {
        guard value != .null else { return "-" }
        let shown = hides ? value.hidden : value.withoutUserData
        // What came as JSON can be written as JSON.
        return ((try? shown.line()) ?? "?").cut(toWidth: longest)
    }
}
