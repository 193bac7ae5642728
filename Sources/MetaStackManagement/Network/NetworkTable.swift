import MetaStackDecisions
package import MetaStackModel

extension Cluster {
    private static let networkColumns: [Listing.Column] = [
        .init("NAME"), .init("KIND"), .init("SUBNETS"), .init("HELD", .right),
        .init("VMS", .right), .init("MTU", .right, wide: true), .init("DOMAIN", wide: true),
        .init("ID", wide: true), .init("LABELS", wide: true), .init("MESSAGE"),
    ]

    /// `network list`.
    package var networkListing: Listing {
        let ids = networkNames.known.map { ($0.name ?? $0.id.text, $0.id) }.sorted(by: <)
        let items = ids.map { name, id in
            let stored = networks[id]
            let network = stored?.value
            return Listing.Item(
                id: id.text, name: name, labels: network?.labels ?? [:],
                cells: [
                    .text(name), .text(network?.kind.words),
                    .text(network?.subnets.map { "\($0.prefix)" }.joined(separator: " ")),
                    .number(addresses[id].count), .number(users(of: id).count),
                    network?.mtu.map { .number($0) } ?? .text(nil), .text(network?.domain?.text),
                    .text(id.text), .labels(network?.labels ?? [:]),
                    .text(malformed[RecordKey.network(id).path]?.description),
                ],
                revisions: stored.map { [$0.revision] } ?? [],
                document: { try self.document(of: id) })
        }
        return Listing(.network, Self.networkColumns, items)
    }

    /// `network show` for people.
    package func networkDetails(_ id: NetworkID) -> String {
        var table = Table(["NETWORK", networkWord(id.text)])
        for fact in networkFacts(id) { table.add([fact.what, fact.value]) }
        let subnets = subnetRows(id)
        guard !subnets.isEmpty else { return table.text }
        var second = Table(Self.subnetHeadings)
        for row in subnets { second.add(row) }
        return table.text + "\n" + second.text
    }

    /// What there is to say of a network, a line each.
    package func networkFacts(_ id: NetworkID) -> [(what: String, value: String?)] {
        let network = networks[id]?.value
        return [
            ("id", id.text), ("message", malformed[RecordKey.network(id).path]?.description),
            ("kind", network?.kind.words),
            ("mtu", network.map { $0.mtu?.description ?? "as the links allow" }),
            ("nat64", network?.nat64.map { nat64Words($0, id) }),
            ("domain", network?.domain?.text),
            ("search", network?.search.map(\.text).joined(separator: " ")),
            ("labels", Listing.Cell.labels(network?.labels ?? [:]).text),
            ("revision", networks[id]?.revision.description),
            ("used by", users(of: id).joined(separator: ", ")),
        ]
    }

    private func nat64Words(_ nat64: NAT64, _ id: NetworkID) -> String {
        let held = addresses[id].keys.filter { nat64.ipv4.contains($0) }
        let room = UInt128(1) << UInt128(nat64.ipv4.family.bits - nat64.ipv4.length)
        return "\(nat64.ipv4), \(held.count) of \(room) held; IPv4 is under \(nat64.prefix)"
    }

    package static let subnetHeadings = [
        "SUBNET", "GATEWAY", "DNS", "HANDED OUT", "HELD", "ROUTES",
    ]

    /// A line for each subnet.
    package func subnetRows(_ id: NetworkID) -> [[String?]] {
        (networks[id]?.value.subnets ?? []).map { subnet in
            let ranges = subnet.dynamicRanges
            let held = addresses[id].keys.filter { subnet.prefix.contains($0) }
            let room = ranges.reduce(UInt128(0)) {
                $0.addingReportingOverflow($1.count).partialValue
            }
            return [
                "\(subnet.prefix)", subnet.gatewayWords,
                subnet.dns.map(\.description).joined(separator: " "),
                ranges.map(\.description).joined(separator: " "), "\(held.count) of \(room)",
                subnet.routes.map { "\($0.to) via \($0.via)" }.joined(separator: ", "),
            ]
        }
    }

    /// One network for programs: `id`, `name`, `message`, `held`, `used_by` and the record as it is.
    package func document(of id: NetworkID) throws -> JSONValue {
        .object([
            "id": .string(id.text), "name": JSONValue(networks[id]?.value.name.text),
            "message": JSONValue(malformed[RecordKey.network(id).path]?.description),
            "held": .integer(Int64(addresses[id].count)),
            "used_by": .array(users(of: id).map { .string($0) }),
            "desired": try JSONValue(networks[id]),
        ])
    }

    func resource(_ id: NetworkID) throws -> Resource {
        let network = networks[id]
        return Resource(
            kind: .network, id: id.text, name: network?.value.name.text ?? id.text,
            labels: network?.value.labels ?? [:], status: nil, revision: network?.revision,
            document: { try self.document(of: id) })
    }
}

extension Network.Kind {
    /// Such as `vlan 7 on eth1`.
    package var words: String {
        switch self {
        case .bridge(let bridge): "bridge \(bridge?.text ?? "of the node")"
        case .vlan(let uplink, let id): "vlan \(id) on \(uplink)"
        case .vxlan(let vni, let group, let port):
            "vxlan \(vni)" + (group.map { " group \($0)" } ?? "")
                + (port == Self.defaultPort ? "" : " port \(port)")
        }
    }
}

extension Subnet {
    fileprivate var gatewayWords: String {
        switch gatewayMode {
        case .none: "none"
        case .external: gateway.map(\.description) ?? "by router advertisements"
        case .node: "\(gateway.map(\.description) ?? "") on each node" + (nat ? ", nat" : "")
        }
    }
}
