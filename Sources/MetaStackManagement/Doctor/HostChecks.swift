import MetaStackModel
import MetaStackStore

/// What can be wrong with hosts.
extension Check {
    static let hosts = [
        ofRecords(.hosts, "live") { cluster, _ in
            // Those that complain of Ceph alone are told there.
            cluster.hostFindings.filter { finding in
                finding.ids.count != 1
                    || cluster.hosts[HostID(unchecked: finding.ids[0])]?.value
                        .complainsOfStorageAlone != true
            }
        },
        ofRecords(.hosts, "takeovers") { cluster, _ in cluster.takeoverFindings },
        Check(group: .hosts, name: "sessions") { patient in
            patient.cluster.map { sessions($0, patient.etcd?.leases ?? [:]) }
        },
        ofRecords(.hosts, "maintenance") { maintenance($0, $1) },
        ofRecords(.hosts, "room") { cluster, _ in room(cluster) },
        ofRecords(.hosts, "alike") { cluster, _ in alike(cluster) },
    ]

    /// A node renews its session every third of its time: one that has less than half of it left
    /// stands still, or does not reach etcd.
    private static func sessions(
        _ cluster: Cluster, _ leases: [Int64: EtcdCondition.Lease]
    ) -> [Finding] {
        cluster.hosts.sorted { $0.key < $1.key }.compactMap { id, host in
            guard let lease = host.lease.flatMap({ leases[$0.number] }),
                let remaining = lease.remaining, remaining * 2 < lease.granted
            else { return nil }
            return Finding(
                .problem, .host, ids: [id.text],
                "host \(id) does not renew its session: \(remaining.components.seconds) s of "
                    + "\(lease.granted.components.seconds) s are left",
                remedy: "systemctl status metastack-node on host \(id)")
        }
    }

    /// Longer than this a maintenance has most likely been forgotten.
    private static let longestMaintenance: Int64 = 7 * 24 * 3600_000

    private static func maintenance(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        cluster.desiredHosts.sorted { $0.key < $1.key }.compactMap { id, wanted in
            guard wanted.value.state == .maintenance else { return nil }
            let reason = wanted.value.reason.map { ": \($0)" } ?? ""
            let vms = cluster.vms(on: id).count
            let left =
                vms == 0 ? "" : vms == 1 ? ", 1 VM is still there" : ", \(vms) VMs are still there"
            let isLong =
                wanted.value.since?.isOlder(than: longestMaintenance, at: patient.now) ?? false
            let since = wanted.value.since.map { since in
                " since \(since.description.prefix { $0 != "T" })"
                    + (since.age(at: patient.now).map { ", \($0)" } ?? "")
            }
            let by = wanted.value.by.map { " (by \($0))" } ?? ""
            return Finding(
                isLong ? .problem : .notice, .host, ids: [id.text],
                "host \(id) is in maintenance\(since ?? "")\(by)\(reason)\(left)",
                remedy: "metastack host ready \(id)")
        }
    }

    /// Fuller than this a host can take next to nothing of another one that dies.
    private static let fullPercent = 90

    private static func room(_ cluster: Cluster) -> [Finding] {
        let full = cluster.hosts.sorted { $0.key < $1.key }.filter { id, host in
            let wanted = cluster.desiredHosts[id]?.value ?? DesiredHost()
            let own = max(0, host.value.totalRAM.count - host.value.reservedRAM.count)
            let most = wanted.ramOvercommit.of(own)
            return most > 0 && host.value.usedRAM.count * 100 >= most * fullPercent
        }
        return .one(
            .notice, .host, full.map { ($0.key.text, $0.key.text) },
            remedy: "metastack rebalance --dry-run"
        ) { "\(fullPercent) % and more of the memory of host \($0) are promised" }
    }

    // MARK: Hosts that should be alike

    private static func alike(_ cluster: Cluster) -> [Finding] {
        differences(cluster, "run different versions of metastack-node", \.version).map {
            $0.with(remedy: "upgrade metastack-node on those with the older one")
        }
            + differences(cluster, "run guests differently", \.domainType).map {
                $0.with(remedy: "guests do not move between them while they run")
            }
            + differences(cluster, "have different processors", \.architecture).map {
                $0.with(remedy: "guests do not move between them while they run")
            }
            + differences(cluster, "have sessions of different lengths", \.sessionWords).map {
                $0.with(remedy: "give all of them one node.lease-ttl")
            }
    }

    private static func differences(
        _ cluster: Cluster, _ what: String, _ value: KeyPath<Host, String>
    ) -> [Finding] {
        // Who says nothing is taken for like the others.
        let said = cluster.hosts.filter { !$0.value.value[keyPath: value].isEmpty }
        let groups = Dictionary(grouping: said.keys) { id in
            said[id]?.value[keyPath: value] ?? ""
        }
        guard groups.count > 1 else { return [] }
        let words = groups.sorted { $0.key < $1.key }.map { value, ids in
            let hosts = ids.sorted().map(\.text)
            let more = hosts.count > 3 ? " and \(hosts.count - 3) more" : ""
            return "\(value) on \(hosts.prefix(3).joined(separator: ", "))\(more)"
        }
        return [
            Finding(
                .notice, .host, ids: said.keys.map(\.text).sorted(),
                "hosts \(what): \(words.joined(separator: "; "))", remedy: nil)
        ]
    }
}

extension Finding {
    fileprivate func with(remedy: String) -> Finding {
        Finding(weight, kind, ids: ids, text, remedy: remedy)
    }
}

extension Host {
    /// Empty where the node does not say.
    fileprivate var sessionWords: String { leaseTTL > 0 ? "\(leaseTTL) ms" : "" }
}
