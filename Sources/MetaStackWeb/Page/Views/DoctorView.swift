import MetaStackManagement

/// What the checks have found: `doctor.mustache`.
struct DoctorView: Sendable {
    struct Group: Sendable {
        let groupID: String
        let heading: String
        /// What was looked at.
        let checks: String
        let findings: [FindingView]
    }

    let summary: String
    let groups: [Group]

    init(_ diagnosis: Diagnosis) {
        summary = diagnosis.summary.asSentence
        groups = Check.Group.allCases.map { group in
            let checks = diagnosis.checks.filter { $0.group == group }
            return Group(
                groupID: group.rawValue, heading: Self.heading(group),
                checks: checks.isEmpty
                    ? "Unknown: the records cannot be read."
                    : "Looked at: \(checks.map(\.name).joined(separator: ", ")).",
                findings: diagnosis.findings(in: group).map { FindingView($0) })
        }
    }

    private static func heading(_ group: Check.Group) -> String {
        switch group {
        case .etcd: "etcd"
        case .vms: "VMs"
        case .ceph, .hosts, .records, .storage: group.rawValue.withCapital
        }
    }
}
