import MetaStackManagement
import MetaStackModel

/// The cluster at a glance: what `metastack status` says, and how full the hosts are.
struct OverviewView: Sendable {
    struct FindingView: Sendable, Equatable {
        let tone: String
        let weight: String
        let text: String
        let href: String?
        let remedy: String?
    }

    struct Count: Sendable, Equatable {
        let count: Int
        let state: StateView
        let href: String
    }

    let wrongHeading: String
    let findings: [FindingView]
    let vmStates: [Count]
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
        hosts = HostTable.table(cluster, at: now)
        totals =
            "\(status.vcpus.used) of \(status.vcpus.total) vCPUs and \(status.ram.used.short) of "
            + "\(status.ram.total.short) of RAM are promised to VMs."
        self.canWrite = canWrite
    }
}

extension OverviewView.FindingView {
    init(_ finding: Finding) {
        tone = (finding.weight == .problem ? Tone.bad : .busy).rawValue
        weight = finding.weight == .problem ? "Problem" : "Notice"
        text = finding.text.printable
        remedy = finding.remedy?.printable
        href = Self.href(finding)
    }

    /// The page of what it is about; the list where that is more than one.
    private static func href(_ finding: Finding) -> String? {
        let only = finding.ids.count == 1 ? finding.ids.first : nil
        switch finding.kind {
        case .vm: return only.map { "/vms/\($0.pathSegment)" } ?? "/vms"
        case .host: return only.map { "/hosts/\($0.pathSegment)" } ?? "/hosts"
        case .image: return "/images"
        case .flavour: return "/flavours"
        case nil, .volume, .config: return nil
        }
    }
}
