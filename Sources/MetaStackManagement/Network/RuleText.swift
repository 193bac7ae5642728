package import MetaStackModel

/// `ingress,protocol=tcp,ports=80` as people type it.
package struct RuleText: Sendable, Equatable {
    package let json: JSONValue

    /// - Throws: `ValidationError` where it says no direction, or something that no rule has.
    package init(_ text: String) throws(ValidationError) {
        let keys = ["direction", "protocol", "ports", "remote", "group"]
        let fields = try CommaFields(text, known: keys, noun: "rule")
        let named = try fields.one("direction")
        guard let direction = fields.word ?? named else {
            throw ValidationError(
                subject: "rule", found: text, problem: "it says neither ingress nor egress")
        }
        var json: [String: JSONValue] = ["direction": .string(direction)]
        for key in keys.dropFirst() { json[key] = try fields.text(key) }
        self.json = .object(json)
    }

    /// A rule as it is typed, for a form.
    package static func text(_ rule: SecurityRule) -> String {
        var parts = [rule.direction.rawValue]
        if rule.protocol != .any { parts.append("protocol=\(rule.protocol)") }
        if let ports = rule.ports { parts.append("ports=\(ports)") }
        switch rule.remote {
        case .anybody: break
        case .prefix(let prefix): parts.append("remote=\(prefix)")
        case .group(let group): parts.append("group=\(group)")
        }
        return parts.joined(separator: ",")
    }
}
