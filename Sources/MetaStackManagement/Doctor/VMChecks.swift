import MetaStackModel

/// What can be wrong with VMs.
extension Check {
    static let vms = [
        ofRecords(.vms, "states") { cluster, _ in cluster.vmFindings(cluster.vmStatuses()) },
        ofRecords(.vms, "slow steps") { slowSteps($0, $1) },
        ofRecords(.vms, "moves") { moves($0, $1) },
        ofRecords(.vms, "places") { cluster, _ in places(cluster) },
    ]

    /// A step that takes longer than this does not go on by itself.
    private static let longestStep: Int64 = 5 * 60_000
    private static let longestMove: Int64 = 15 * 60_000

    private static func slowSteps(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        cluster.actualVMs.sorted { $0.key < $1.key }.compactMap { id, stored in
            let claim = stored.value
            guard claim.state.isStep, claim.since.isOlder(than: longestStep, at: patient.now),
                let age = claim.since.age(at: patient.now)
            else { return nil }
            let name = VMOverview(id, in: cluster).name
            let message = claim.message.map { ": \($0)" } ?? ""
            return Finding(
                .problem, .vm, ids: [id.text],
                "vm \(name) has been \(claim.state.rawValue) on host \(claim.host) for \(age)"
                    + message,
                remedy: "metastack vm show \(name.forShell)")
        }
    }

    private static func moves(_ cluster: Cluster, _ patient: Patient) -> [Finding] {
        cluster.actualVMs.sorted { $0.key < $1.key }.compactMap { id, claim in
            guard let move = claim.value.move,
                move.since.isOlder(than: longestMove, at: patient.now),
                let age = move.since.age(at: patient.now)
            else { return nil }
            let name = VMOverview(id, in: cluster).name
            let progress = move.progress.map { ", \($0) % is there" } ?? ""
            return Finding(
                .problem, .vm, ids: [id.text],
                "vm \(name) has been moving to host \(move.to) for \(age)\(progress)",
                remedy: "metastack vm show \(name.forShell)")
        }
    }

    /// VMs that are elsewhere than they shall be, and do not move there.
    private static func places(_ cluster: Cluster) -> [Finding] {
        cluster.desiredVMs.sorted { $0.key < $1.key }.compactMap { id, desired in
            guard let pin = desired.value.host, let claim = cluster.actualVMs[id]?.value,
                claim.host != pin, claim.move == nil
            else { return nil }
            let name = desired.value.name.text
            return Finding(
                .notice, .vm, ids: [id.text],
                "vm \(name) is on host \(claim.host) and shall be on host \(pin)",
                remedy: "metastack explain \(name)")
        }
    }
}

extension ActualVM.State {
    /// Whether it is on its way to another state.
    fileprivate var isStep: Bool {
        switch self {
        case .claimed, .starting, .stopping, .deleting: true
        case .running, .paused, .suspended, .stopped, .failed: false
        }
    }
}

extension Timestamp {
    /// False for a time that nobody noted.
    func isOlder(than milliseconds: Int64, at now: Timestamp) -> Bool {
        self.milliseconds > 0 && now.milliseconds - self.milliseconds > milliseconds
    }
}
