import MetaStackManagement
import MetaStackModel

/// `host list` with bars for what is promised of each host.
enum HostTable {
    static func table(_ cluster: Cluster, at now: Timestamp) -> TableView {
        TableView(
            cluster.hostListing(at: now), caption: "Hosts, one a row",
            at: now, ifEmpty: "There are no hosts yet: start metastack-node on one."
        ) { item, _, heading, cell in
            let id = HostID(unchecked: item.id)
            let host = cluster.hosts[id]?.value
            switch heading {
            case "NAME": cell = .link(.host(id))
            case "STATE": cell = .state(StateView(HostStatus(id, in: cluster)))
            case "VCPUS":
                cell.meter = host.map {
                    MeterView(
                        amount: $0.usedVCPU, most: max($0.totalVCPU, 1),
                        label: "vCPUs promised of \(id)")
                }
            case "RAM":
                cell.meter = host.map {
                    MeterView(
                        amount: $0.usedRAM.count, most: max($0.totalRAM.count, 1),
                        label: "RAM promised of \(id)")
                }
            default: break
            }
        }
    }
}
