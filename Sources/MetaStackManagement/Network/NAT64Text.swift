package import MetaStackModel

/// `198.51.100.0/28,prefix=fd00:64::/96` as people type it.
package struct NAT64Text: Sendable, Equatable {
    package let json: JSONValue

    /// - Throws: `ValidationError` where it names no IPv4 prefix, or something that is no part of it.
    package init(_ text: String) throws(ValidationError) {
        let fields = try CommaFields(text, known: ["ipv4", "prefix"], noun: "nat64")
        let named = try fields.one("ipv4")
        guard let ipv4 = fields.word ?? named else {
            throw ValidationError(
                subject: "nat64", found: text,
                problem: "it names no IPv4 prefix, such as 198.51.100.0/28")
        }
        var json: [String: JSONValue] = ["ipv4": .string(ipv4)]
        json["prefix"] = try fields.text("prefix")
        self.json = .object(json)
    }

    /// As it is typed, for a form.
    package static func text(_ nat64: NAT64) -> String {
        nat64.prefix == NAT64.wellKnownPrefix
            ? "\(nat64.ipv4)" : "\(nat64.ipv4),prefix=\(nat64.prefix)"
    }
}
