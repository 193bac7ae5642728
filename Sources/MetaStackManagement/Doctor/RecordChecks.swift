import MetaStackModel

/// What can be wrong with records.
extension Check {
    static let records = [
        ofRecords(.records, "readable") { malformed($0, $1) },
        ofRecords(.records, "leases") { leases($0, $1) },
        ofRecords(.records, "claims") { cluster, _ in claims(cluster) },
        ofRecords(.records, "orphans") { orphans($0, $1) },
        ofRecords(.records, "addresses") { addresses($0, $1) },
        ofRecords(.records, "names") { cluster, _ in names(cluster) },
        // Of what may not be seen nothing is said.
        Check(group: .records, name: "tokens") { patient in
            patient.seesTokens ? patient.cluster.map { tokens($0, patient) } : nil
        },
    ]

    /// What management can remove has a verb; of the nodes' own records those may be deleted by hand
    /// that protect no disk.
    private static func malformed(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        cluster.malformedFindings.map { finding in
            guard let record = cluster.malformed.values.first(where: { finding.text == "\($0)" })
            else { return finding }
            let key = "\(patient.prefix)/\(record.path)"
            let remedy: String?
            // Without a key that is one, no verb finds it.
            guard (try? RecordKey(path: record.path)) != nil else {
                return finding.about(key, remedy: patient.deletion(of: record.path))
            }
            let folder = record.path.split(separator: "/").first.map(String.init) ?? ""
            switch RecordKey.Folder(rawValue: folder) {
            case .actualVMs, .arrivals, .declines, nil:
                remedy = patient.deletion(of: record.path)
            case .history, .volumes:
                remedy =
                    patient.etcdctl("get", key)
                    + ", and write it as it was: it protects the VM's disk"
            case .globalConfig, .images, .flavours, .desiredVMs, .hosts, .desiredHosts,
                .actualImages, .tokens, .sshKeys, .networks, .addresses, .securityGroups:
                remedy = finding.remedy
            }
            return finding.about(key, remedy: remedy)
        }
    }

    /// Records that outlive whoever wrote them, since they stand under no lease.
    private static func leases(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        var paths: [(kind: ResourceKind, id: String, path: String)] = []
        for (id, claim) in cluster.actualVMs where claim.lease == nil {
            paths.append((.vm, id.text, RecordKey.actualVM(id).path))
        }
        for (id, arrival) in cluster.arrivals where arrival.lease == nil {
            paths.append((.vm, id.text, RecordKey.arrival(id).path))
        }
        for (vm, declines) in cluster.declines {
            for (host, decline) in declines where decline.lease == nil {
                paths.append((.vm, vm.text, RecordKey.decline(vm, host).path))
            }
        }
        for (id, host) in cluster.hosts where host.lease == nil {
            paths.append((.host, id.text, RecordKey.host(id).path))
        }
        return paths.sorted { $0.path < $1.path }.map { kind, id, path in
            Finding(
                .problem, kind, ids: [id],
                "record \(path) stands under no lease, so it stays when its host is gone",
                remedy: patient.deletion(of: path))
        }
    }

    private static func claims(_ cluster: Cluster) -> [Finding] {
        cluster.actualVMs.sorted { $0.key < $1.key }.flatMap { id, claim -> [Finding] in
            let name = VMOverview(id, in: cluster).name
            let host = claim.value.host
            var findings: [Finding] = []
            if cluster.hosts[host] == nil {
                findings.append(
                    Finding(
                        .problem, .vm, ids: [id.text],
                        "vm \(name) is claimed by host \(host), which is not live",
                        remedy: "systemctl status metastack-node on host \(host)"))
            } else if let lease = claim.lease, cluster.hosts[host]?.lease != lease {
                findings.append(
                    Finding(
                        .problem, .vm, ids: [id.text],
                        "vm \(name) is claimed under another session than that of its host \(host)",
                        remedy: "systemctl restart metastack-node on host \(host)"))
            }
            let isReadable = cluster.malformed[RecordKey.desiredVM(id).path] == nil
            if cluster.desiredVMs[id] == nil, isReadable, claim.value.state != .deleting {
                findings.append(
                    Finding(
                        .notice, .vm, ids: [id.text],
                        "vm \(name) is wanted no more, and host \(host) has not begun to remove it",
                        remedy: "metastack vm show \(id)"))
            }
            return findings
        }
    }

    /// What belongs to something that is no more.
    private static func orphans(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        let arrivals = cluster.arrivals.filter { cluster.actualVMs[$0.key]?.value.move == nil }
        let known = cluster.vmIDs
        let declines = cluster.declines.filter { !known.contains($0.key) }
        return arrivals.keys.sorted().map { id in
            Finding(
                .notice, .vm, ids: [id.text],
                "vm \(VMOverview(id, in: cluster).name) is expected by host "
                    + "\(cluster.arrivals[id]?.value.host.text ?? "?") and does not move",
                remedy: patient.deletion(of: RecordKey.arrival(id).path))
        }
            + declines.keys.sorted().map { id in
                Finding(
                    .notice, .vm, ids: [id.text],
                    "hosts declined vm \(id), which is no more: it is forgotten within 10 minutes",
                    remedy: nil)
            }
    }

    /// Names that do not tell things apart.
    private static func names(_ cluster: Cluster) -> [Finding] {
        func doubled(_ kind: ResourceKind, _ named: [(id: String, name: String)]) -> [Finding] {
            Dictionary(grouping: named, by: \.name).filter { $0.value.count > 1 }
                .sorted { $0.key < $1.key }.map { name, things in
                    let ids = things.map(\.id).sorted()
                    return Finding(
                        .notice, kind, ids: ids,
                        "\(ids.count) \(kind.plural) are named \(name), so only ids tell them apart",
                        remedy: "metastack \(kind.word) set \(ids[0]) name=NAME")
                }
        }
        return doubled(.vm, cluster.desiredVMs.map { ($0.key.text, $0.value.value.name.text) })
            + doubled(.image, cluster.images.map { ($0.key.text, $0.value.value.name.text) })
            + doubled(.flavour, cluster.flavours.map { ($0.key.text, $0.value.value.name.text) })
            + doubled(.network, cluster.networks.map { ($0.key.text, $0.value.value.name.text) })
            + doubled(
                .securityGroup,
                cluster.securityGroups.map { ($0.key.text, $0.value.value.name.text) })
    }

    private static func tokens(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        cluster.tokens.sorted { $0.key < $1.key }.compactMap { id, token in
            guard token.value.isExpired(at: patient.now) else { return nil }
            return Finding(
                .notice, nil, ids: [id.text], "token \(token.value.name) holds no more",
                remedy: "metastack token revoke \(id)")
        }
    }
}

extension Finding {
    /// The same with the whole key, so that it can be looked at.
    fileprivate func about(_ key: String, remedy: String?) -> Finding {
        Finding(weight, kind, ids: ids, "\(text) (key \(key))", remedy: remedy)
    }
}
