package import MetaStackModel

extension Cluster {
    private static let securityGroupColumns: [Listing.Column] = [
        .init("NAME"), .init("RULES", .right), .init("VMS", .right), .init("ID", wide: true),
        .init("LABELS", wide: true), .init("MESSAGE"),
    ]

    /// `security-group list`.
    package var securityGroupListing: Listing {
        let ids = securityGroupNames.known.map { ($0.name ?? $0.id.text, $0.id) }.sorted(by: <)
        let items = ids.map { name, id in
            let stored = securityGroups[id]
            let labels = stored?.value.labels ?? [:]
            return Listing.Item(
                id: id.text, name: name, labels: labels,
                cells: [
                    .text(name), .number(stored?.value.rules.count ?? 0),
                    .number(users(of: id).count), .text(id.text), .labels(labels),
                    .text(malformed[RecordKey.securityGroup(id).path]?.description),
                ],
                revisions: stored.map { [$0.revision] } ?? [],
                document: { try self.document(of: id) })
        }
        return Listing(.securityGroup, Self.securityGroupColumns, items)
    }

    /// `security-group show` for people.
    package func securityGroupDetails(_ id: SecurityGroupID) -> String {
        var table = Table(["SECURITY-GROUP", securityGroupWord(id.text)])
        for fact in securityGroupFacts(id) { table.add([fact.what, fact.value]) }
        let rows = ruleRows(id)
        guard !rows.isEmpty else { return table.text + "\nno rules: nothing gets in\n" }
        var rules = Table(Self.ruleHeadings, right: ["RULE"])
        for row in rows { rules.add(row) }
        return table.text + "\n" + rules.text
    }

    /// What there is to say of a security group besides its rules, a line each.
    package func securityGroupFacts(
        _ id: SecurityGroupID
    ) -> [(what: String, value: String?)] {
        [
            ("id", id.text),
            ("message", malformed[RecordKey.securityGroup(id).path]?.description),
            ("labels", Listing.Cell.labels(securityGroups[id]?.value.labels ?? [:]).text),
            ("revision", securityGroups[id]?.revision.description),
            ("used by", users(of: id).joined(separator: ", ")),
        ]
    }

    package static let ruleHeadings = ["RULE", "DIRECTION", "PROTOCOL", "PORTS", "REMOTE"]

    /// A line for each rule, which are counted from 1.
    package func ruleRows(_ id: SecurityGroupID) -> [[String?]] {
        (securityGroups[id]?.value.rules ?? []).enumerated().map { index, rule in
            [
                "\(index + 1)", rule.direction.rawValue, rule.protocol.description,
                rule.ports?.description ?? "all",
                remoteWord(rule.remote),
            ]
        }
    }

    private func remoteWord(_ remote: SecurityRule.Remote) -> String {
        switch remote {
        case .anybody: "anybody"
        case .prefix(let prefix): prefix.description
        case .group(let group): "group \(securityGroupWord(group))"
        }
    }

    /// One group for programs: `id`, `name`, `message`, `used_by` and the record as it is.
    package func document(of id: SecurityGroupID) throws -> JSONValue {
        .object([
            "id": .string(id.text), "name": JSONValue(securityGroups[id]?.value.name.text),
            "message": JSONValue(malformed[RecordKey.securityGroup(id).path]?.description),
            "used_by": .array(users(of: id).map { .string($0) }),
            "desired": try JSONValue(securityGroups[id]),
        ])
    }

    func resource(_ id: SecurityGroupID) throws -> Resource {
        let group = securityGroups[id]
        return Resource(
            kind: .securityGroup, id: id.text, name: group?.value.name.text ?? id.text,
            labels: group?.value.labels ?? [:], status: nil, revision: group?.revision,
            document: { try self.document(of: id) })
    }
}
