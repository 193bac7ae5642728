package import MetaStackModel

/// User data may hold passwords, which no log and no list of events may show.
extension JSONValue {
    /// The value with each text that stands in a field `user_data` replaced by its size.
    package var withoutUserData: JSONValue {
        switch self {
        case .object(let fields):
            var shown: [String: JSONValue] = [:]
            for (name, value) in fields {
                shown[name] = name == "user_data" ? value.hidden : value.withoutUserData
            }
            return .object(shown)
        case .array(let elements): return .array(elements.map(\.withoutUserData))
        case .null, .bool, .integer, .number, .string: return self
        }
    }

    /// A text's size in place of the text.
    var hidden: JSONValue {
        guard case .string(let text) = self else { return self }
        return .string("(\(text.utf8.count) bytes)")
    }
}
