package import MetaStackModel

/// How a host is, in one word for people.
package enum HostStatus: String, Sendable, CaseIterable {
    /// It is live and takes VMs.
    case ready
    /// It is live and shall take no further VMs.
    case maintenance
    /// It is live, and something is wrong with it.
    case troubled
    /// No node of this name is live.
    case absent
    /// Its record cannot be read.
    case malformed

    package init(_ id: HostID, in cluster: Cluster) {
        if cluster.malformed[RecordKey.host(id).path] != nil {
            self = .malformed
        } else if let host = cluster.hosts[id]?.value {
            let isMaintained = cluster.desiredHosts[id]?.value.state == .maintenance
            self = host.message != nil ? .troubled : isMaintained ? .maintenance : .ready
        } else {
            self = .absent
        }
    }
}

extension Cluster {
    /// The VMs that a host has claimed, by name.
    package func vms(on id: HostID) -> [String] {
        actualVMs.filter { $0.value.value.host == id }.keys
            .map { VMOverview($0, in: self).name }.sorted()
    }

    private static let hostColumns: [Listing.Column] = [
        .init("NAME"), .init("STATE"), .init("VMS", .right), .init("VCPUS", .right),
        .init("RAM", .right), .init("AGE", age: true), .init("VERSION"),
        .init("ADDRESSES", wide: true), .init("HYPERVISOR", wide: true),
        .init("MAINTENANCE", wide: true, age: true),
        .init("POOLS", wide: true), .init("LABELS", wide: true), .init("MESSAGE"),
    ]

    /// `host list`.
    package func hostListing(at now: Timestamp) -> Listing {
        var counts: [HostID: Int] = [:]
        for claim in actualVMs.values { counts[claim.value.host, default: 0] += 1 }
        let items = hostNames.known.map(\.id).sorted().map { id in
            let host = hosts[id]?.value
            let labels = labels(of: id)
            return Listing.Item(
                id: id.text, name: id.text, labels: labels,
                cells: [
                    .text(id.text), .text(HostStatus(id, in: self).rawValue),
                    .number(counts[id] ?? 0),
                    host.map { .number($0.usedVCPU, "\($0.usedVCPU)/\($0.totalVCPU)") }
                        ?? .text(nil),
                    host.map { .number($0.usedRAM.count, "\($0.usedRAM.count)/\($0.totalRAM)") }
                        ?? .text(nil),
                    .age(host?.since, at: now), .text(host?.version),
                    .text(host?.addresses.joined(separator: ",")), .text(host?.hypervisor),
                    .age(desiredHosts[id]?.value.since, at: now),
                    .text(host?.pools.map(\.text).joined(separator: ",")), .labels(labels),
                    .text(hostMessage(id)),
                ],
                revisions: [hosts[id]?.revision, desiredHosts[id]?.revision].compactMap(\.self),
                document: { try self.document(of: id) })
        }
        return Listing(.host, Self.hostColumns, items)
    }

    /// Those of its own configuration and those that are wanted, of which the latter count.
    package func labels(of id: HostID) -> [String: String] {
        (hosts[id]?.value.labels ?? [:]).merging(desiredHosts[id]?.value.labels ?? [:]) { $1 }
    }

    /// `host show` for people.
    package func hostDetails(_ id: HostID, at now: Timestamp) -> String {
        var table = Table(["HOST", id.text])
        for row in hostRows(id, at: now) { table.add(row) }
        return table.text
    }

    /// A line each: what it is, and it.
    package func hostRows(_ id: HostID, at now: Timestamp) -> [[String?]] {
        let host = hosts[id]?.value
        let wanted = desiredHosts[id]?.value ?? DesiredHost()
        let labels = labels(of: id)
            .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return [
            ["state", HostStatus(id, in: self).rawValue],
            ["message", hostMessage(id)],
            ["maintenance", maintenanceWords(id, at: now)],
            ["live for", host?.since.age(at: now)],
            ["vcpus", host.map { "\($0.usedVCPU) promised, \($0.totalVCPU) in all" }],
            [
                "ram",
                host.map {
                    "\($0.usedRAM.count) promised, \($0.reservedRAM.count) reserved, "
                        + "\($0.totalRAM) in all"
                },
            ],
            ["addresses", host?.addresses.joined(separator: ", ")],
            [
                "overcommit",
                "\(wanted.vcpuOvercommit) for vcpus, \(wanted.ramOvercommit) for ram",
            ],
            ["labels", labels.joined(separator: ", ")],
            ["pools", host?.pools.map(\.text).joined(separator: ", ")],
            ["networks", host?.networks.joined(separator: ", ")],
            ["hypervisor", host?.hypervisor],
            ["version", host?.version],
            ["lease", host?.lease],
            ["vms", vms(on: id).joined(separator: ", ")],
        ]
    }

    /// Since when it is in maintenance, and who sent it there; nil where it is in none.
    package func maintenanceWords(_ id: HostID, at now: Timestamp) -> String? {
        guard let wanted = desiredHosts[id]?.value, wanted.state == .maintenance else { return nil }
        let since = wanted.since.map { since in
            "since \(since)" + (since.age(at: now).map { " (\($0))" } ?? "")
        }
        let by = wanted.by.map { "by \($0)" }
        return [since ?? "since when was not noted", by].compactMap(\.self)
            .joined(separator: ", ")
    }

    /// What is wrong with it, or why it is in maintenance.
    package func hostMessage(_ id: HostID) -> String? {
        let wanted = desiredHosts[id]?.value
        return malformed[RecordKey.host(id).path]?.description
            ?? malformed[RecordKey.desiredHost(id).path]?.description
            ?? hosts[id]?.value.message ?? wanted?.reason
    }

    /// One host for programs: `id`, `status`, the VMs' ids, and the records as they are.
    package func document(of id: HostID) throws -> JSONValue {
        .object([
            "id": .string(id.text),
            "status": .string(HostStatus(id, in: self).rawValue),
            "message": JSONValue(hostMessage(id)),
            "vms": .array(
                actualVMs.filter { $0.value.value.host == id }.keys.sorted()
                    .map { .string($0.text) }),
            "desired": try JSONValue(desiredHosts[id]),
            "actual": try JSONValue(hosts[id]),
        ])
    }
}
