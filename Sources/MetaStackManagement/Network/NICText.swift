package import MetaStackModel

/// `network=blue,address=10.7.0.5,group=web` as people type it: one NIC.
package struct NICText: Sendable, Equatable {
    private static let keys = [
        "network", "mac", "address", "group", "inbound-kbit", "outbound-kbit",
    ]

    package static let help = """
        network= (a name; alone it may stand without its key), address= and group= (a security group), which \
        may be repeated, mac=, inbound-kbit= and outbound-kbit=, with commas between them
        """

    /// What stands for a NIC that asks for nothing.
    private static let bridge = "-"

    private let fields: [String: JSONValue]

    /// - Throws: `ValidationError` for something that no NIC has.
    package init(_ text: String) throws(ValidationError) {
        let parts = try CommaFields(text, known: Self.keys, noun: "NIC")
        var fields: [String: JSONValue] = [:]
        let named = try parts.text("network")
        let word = parts.word == Self.bridge ? nil : parts.word
        fields["network"] = word.map { .string($0) } ?? named
        fields["mac"] = try parts.text("mac")
        fields["addresses"] = parts.texts("address")
        fields["security_groups"] = parts.texts("group")
        var limits: [String: JSONValue] = [:]
        limits["inbound_kbit"] = try parts.number("inbound-kbit")
        limits["outbound_kbit"] = try parts.number("outbound-kbit")
        if !limits.isEmpty { fields["limits"] = .object(limits) }
        self.fields = fields
    }

    /// The NIC's record, network and groups by their ids, so that they can have other names.
    ///
    /// - Throws: `CommandFailure` where there is no such network or group.
    package func json(in cluster: Cluster) throws -> JSONValue {
        try Self.byIDs(fields, in: cluster)
    }

    /// A NIC's record with its network and groups by their ids.
    package static func byIDs(
        _ nic: [String: JSONValue], in cluster: Cluster
    ) throws -> JSONValue {
        var fields = nic
        if case .string(let name)? = fields["network"] {
            fields["network"] = .string(try cluster.networkNames.find(name).text)
        }
        if case .array(let groups)? = fields["security_groups"] {
            fields["security_groups"] = .array(
                try groups.map { group in
                    guard case .string(let name) = group else { return group }
                    return .string(try cluster.securityGroupNames.find(name).text)
                })
        }
        return .object(fields)
    }

    /// A NIC as it is typed, for a form.
    package static func text(_ nic: DesiredNIC, in cluster: Cluster) -> String {
        var parts = nic.network.map { ["network=\(cluster.networkWord($0))"] } ?? []
        if let mac = nic.mac { parts.append("mac=\(mac)") }
        parts += nic.addresses.map { "address=\($0)" }
        parts += nic.securityGroups.map { "group=\(cluster.securityGroupWord($0))" }
        if let limit = nic.limits?.inbound { parts.append("inbound-kbit=\(limit)") }
        if let limit = nic.limits?.outbound { parts.append("outbound-kbit=\(limit)") }
        return parts.isEmpty ? bridge : parts.joined(separator: ",")
    }
}
