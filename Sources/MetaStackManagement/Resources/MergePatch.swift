package import MetaStackModel

extension JSONValue {
    /// The value after a JSON Merge Patch (RFC 7396): fields replace fields, null removes one.
    package func merged(with patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var fields: [String: JSONValue] = [:]
        if case .object(let own) = self { fields = own }
        for (name, change) in changes {
            fields[name] = change == .null ? nil : (fields[name] ?? .null).merged(with: change)
        }
        return .object(fields)
    }
}
