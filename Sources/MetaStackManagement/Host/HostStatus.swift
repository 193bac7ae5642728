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

    /// `host list` for people.
    package func hostTable(at now: Timestamp) -> Table {
        var table = Table(
            ["NAME", "STATE", "VMS", "VCPUS", "RAM", "AGE", "VERSION", "MESSAGE"],
            right: ["VMS", "VCPUS", "RAM"])
        for id in hostNames.known.map(\.id).sorted() {
            let host = hosts[id]?.value
            table.add([
                id.text, HostStatus(id, in: self).rawValue, "\(vms(on: id).count)",
                host.map { "\($0.usedVCPU)/\($0.totalVCPU)" },
                host.map { "\($0.usedRAM.count)/\($0.totalRAM)" }, host?.since.age(at: now),
                host?.version, hostMessage(id),
            ])
        }
        return table
    }

    /// `host show` for people.
    package func hostDetails(_ id: HostID, at now: Timestamp) -> String {
        let host = hosts[id]?.value
        var table = Table(["HOST", id.text])
        table.add(["state", HostStatus(id, in: self).rawValue])
        table.add(["message", hostMessage(id)])
        table.add(["live for", host?.since.age(at: now)])
        table.add(["vcpus", host.map { "\($0.usedVCPU) promised, \($0.totalVCPU) in all" }])
        let ram = host.map {
            "\($0.usedRAM.count) promised, \($0.reservedRAM.count) reserved, \($0.totalRAM) in all"
        }
        table.add(["ram", ram])
        table.add(["addresses", host?.addresses.joined(separator: ", ")])
        let wanted = desiredHosts[id]?.value ?? DesiredHost()
        let labels = (host?.labels ?? [:]).merging(wanted.labels) { $1 }
            .sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        table.add([
            "overcommit", "\(wanted.vcpuOvercommit) for vcpus, \(wanted.ramOvercommit) for ram",
        ])
        table.add(["labels", labels.joined(separator: ", ")])
        table.add(["pools", host?.pools.map(\.text).joined(separator: ", ")])
        table.add(["networks", host?.networks.joined(separator: ", ")])
        table.add(["hypervisor", host?.hypervisor])
        table.add(["version", host?.version])
        table.add(["lease", host?.lease])
        table.add(["vms", vms(on: id).joined(separator: ", ")])
        return table.text
    }

    private func hostMessage(_ id: HostID) -> String? {
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
