package import MetaStackModel

/// `10.7.0.0/24,gateway=10.7.0.1,dns=9.9.9.9` as people type it.
package struct SubnetText: Sendable, Equatable {
    private static let keys = [
        "prefix", "gateway", "gateway-mode", "nat", "dns", "range", "route",
    ]

    package let json: JSONValue

    /// - Throws: `ValidationError` where it names no prefix, or something that no subnet has.
    package init(_ text: String) throws(ValidationError) {
        let fields = try CommaFields(text, known: Self.keys, noun: "subnet")
        let named = try fields.one("prefix")
        guard let prefix = fields.word ?? named else {
            throw ValidationError(
                subject: "subnet", found: text,
                problem: "it names no prefix, such as 10.7.0.0/24")
        }
        var json: [String: JSONValue] = ["prefix": .string(prefix)]
        json["gateway"] = try fields.text("gateway")
        json["gateway_mode"] = try fields.text("gateway-mode")
        if let nat = try fields.one("nat") {
            guard nat == "true" || nat == "false" else {
                throw ValidationError(subject: "nat", found: nat, problem: "it is true or false")
            }
            json["nat"] = .bool(nat == "true")
        }
        json["dns"] = fields.texts("dns")
        json["ranges"] = fields.texts("range")
        var routes: [JSONValue] = []
        for text in fields.all("route") { routes.append(try Self.route(text)) }
        if !routes.isEmpty { json["routes"] = .array(routes) }
        self.json = .object(json)
    }

    private static func route(_ text: String) throws(ValidationError) -> JSONValue {
        let sides = text.split(separator: "@").map(String.init)
        guard sides.count == 2 else {
            throw ValidationError(
                subject: "route", found: text, problem: "write it as PREFIX@GATEWAY")
        }
        return .object(["to": .string(sides[0]), "via": .string(sides[1])])
    }

    /// A subnet as it is typed, for a form.
    package static func text(_ subnet: Subnet) -> String {
        var parts = [subnet.prefix.description]
        if let gateway = subnet.gateway { parts.append("gateway=\(gateway)") }
        let isDefault = subnet.gatewayMode == (subnet.gateway == nil ? .none : .external)
        if !isDefault { parts.append("gateway-mode=\(subnet.gatewayMode.rawValue)") }
        if subnet.nat { parts.append("nat=true") }
        parts += subnet.dns.map { "dns=\($0)" } + subnet.ranges.map { "range=\($0)" }
        parts += subnet.routes.map { "route=\($0.to)@\($0.via)" }
        return parts.joined(separator: ",")
    }
}
