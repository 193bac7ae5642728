package import MetaStackModel

/// What a verb waits for, told from the records alone.
package enum VMGoal: Sendable, Equatable {
    /// A host has taken it for its desired record of this revision, or a later one.
    case claimed(since: Revision)
    /// It runs as its desired record of this revision, or a later one, wants it.
    case running(since: Revision)
    case stopped(since: Revision)
    /// It runs on another host, under a record of this revision or a later one.
    case moved(from: HostID, since: Revision)
    /// Nothing is left of the VM whose key was made at this revision; nil for any under the id.
    case gone(Revision?)

    package func progress(of id: VMID, in cluster: Cluster) -> Progress {
        switch self {
        case .claimed(let revision): claimed(id, cluster, revision)
        case .running(let revision): running(id, cluster, revision)
        case .stopped(let revision): stopped(id, cluster, revision)
        case .moved(let from, let revision): moved(id, cluster, from, revision)
        case .gone(let revision): gone(VMOverview(id, in: cluster), cluster, revision)
        }
    }

    /// As in `vm web is running`.
    package var word: String {
        switch self {
        case .claimed: "claimed"
        case .running: "running"
        case .stopped: "stopped"
        case .moved: "moved"
        case .gone: "gone"
        }
    }

    private func claimed(_ id: VMID, _ cluster: Cluster, _ revision: Revision) -> Progress {
        let isCurrent =
            cluster.actualVMs[id]?.value.desiredRevision.map { $0 >= revision } ?? false
        // What cannot come to run is said as when running is waited for.
        return isCurrent && cluster.desiredVMs[id] != nil
            ? .done : running(id, cluster, revision)
    }

    private func running(_ id: VMID, _ cluster: Cluster, _ revision: Revision) -> Progress {
        let vm = VMOverview(id, in: cluster)
        if let malformed = vm.malformed { return .failed(malformed.description) }
        guard cluster.revision >= revision else { return .waiting("no host has answered yet") }
        guard let desired = vm.desired else { return .failed("somebody deleted it meanwhile") }
        guard desired.value.state == .start else {
            return .failed("somebody asked to stop it meanwhile")
        }
        let status = VMStatus(id, in: cluster)
        // A claim that has not seen this desired revision yet tells of the time before it.
        let isCurrent = vm.claim?.value.desiredRevision.map { $0 >= revision } ?? false
        switch status.word {
        case .running where isCurrent: return .done
        case .migrating: return .waiting(Self.words(status, on: vm.claim?.value.host))
        case .failed where isCurrent: return .failed(status.message ?? "its host says no more")
        case .stopped where isCurrent:
            return .failed(status.message ?? "its guest ended by itself")
        case .running, .failed, .stopped, .pending, .claimed, .starting, .paused,
            .suspended, .stopping, .deleting, .malformed:
            return .waiting(Self.words(status, on: vm.claim?.value.host))
        }
    }

    private func moved(
        _ id: VMID, _ cluster: Cluster, _ from: HostID, _ revision: Revision
    ) -> Progress {
        let progress = running(id, cluster, revision)
        guard case .done = progress else { return progress }
        guard let claim = VMOverview(id, in: cluster).claim?.value, claim.host == from else {
            return .done
        }
        return .waiting(Self.words(VMStatus(id, in: cluster), on: from))
    }

    private func stopped(_ id: VMID, _ cluster: Cluster, _ revision: Revision) -> Progress {
        let vm = VMOverview(id, in: cluster)
        if let malformed = vm.malformed { return .failed(malformed.description) }
        guard cluster.revision >= revision else { return .waiting("no host has answered yet") }
        guard let desired = vm.desired else { return .failed("somebody deleted it meanwhile") }
        guard desired.value.state == .stop else {
            return .failed("somebody asked to start it meanwhile")
        }
        guard let claim = vm.claim else { return .done }
        let isCurrent = claim.value.desiredRevision.map { $0 >= revision } ?? false
        switch claim.value.state {
        case .stopped: return .done
        case .failed where isCurrent: return .failed(claim.value.message ?? "its host says no more")
        case .failed, .claimed, .starting, .running, .paused, .suspended,
            .stopping, .deleting:
            return .waiting(Self.words(VMStatus(id, in: cluster), on: claim.value.host))
        }
    }

    private func gone(
        _ vm: VMOverview, _ cluster: Cluster, _ created: Revision?
    ) -> Progress {
        func isOurs(_ revision: Revision?) -> Bool {
            created == nil || revision == nil || revision == created
        }
        if let desired = vm.desired, isOurs(desired.createRevision) {
            return .waiting("no host has answered yet")
        }
        if let claim = vm.claim, isOurs(claim.value.desiredCreateRevision) {
            return .waiting("host \(claim.value.host) removes it")
        }
        let left = vm.volumes.filter { isOurs($0.value.value.vmCreateRevision) }.keys.sorted()
        if left.isEmpty { return .done }
        let names = left.map(\.description).joined(separator: ", ")
        return .waiting(
            cluster.hosts.isEmpty
                ? "volumes \(names) are left and no hosts are live"
                : "a host to remove volumes \(names)")
    }

    private static func words(_ status: VMStatus, on host: HostID?) -> String {
        let place = host.map { " on \($0)" } ?? ""
        return status.word.rawValue + place + (status.message.map { ", \($0)" } ?? "")
    }
}
