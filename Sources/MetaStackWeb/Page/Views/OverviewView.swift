import MetaStackManagement
import MetaStackModel

/// The cluster at a glance: what `metastack status` says, and how full the hosts are.
struct OverviewView: Sendable {
    struct Count: Sendable, Equatable {
        let count: Int
        let state: StateView
        let href: String
    }

    let wrongHeading: String
    let findings: [FindingView]
    let vmStates: [Count]
    var takeovers: TakeoverView
    let hosts: TableView
    let totals: String
    let canWrite: Bool

    init(_ cluster: Cluster, at now: Timestamp, canWrite: Bool) {
        let status = ClusterStatus(cluster)
        let isBad = status.findings.contains { $0.weight == .problem }
        wrongHeading = isBad ? "What is wrong" : "What to know"
        findings = status.findings.map { FindingView($0) }
        vmStates = status.vms.compactMap { word, count in
            VMStatus.Word(rawValue: word).map {
                Count(count: count, state: StateView($0), href: "/vms?state=\(word)")
            }
        }
        takeovers = TakeoverView(cluster, at: now)
        hosts = HostTable.table(cluster, at: now)
        totals =
            "\(status.vcpus.used) of \(status.vcpus.total) vCPUs and \(status.ram.used.short) of "
            + "\(status.ram.total.short) of RAM are promised to VMs."
        self.canWrite = canWrite
    }
}
