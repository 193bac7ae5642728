package import MetaStackModel

/// What people ask of a VM in one word, as the change of its desired record that it comes to.
package enum VMAction: Sendable, Equatable {
    case start
    case stop
    /// - Parameters:
    ///   - to: nil for the best of the other hosts.
    ///   - offline: whether its guest is shut down for it.
    ///   - order: tells this order from others; a new id.
    case move(to: HostID?, offline: Bool, order: String)

    /// - Throws: `CommandFailure` where the VM cannot be asked for it.
    package func change(
        of id: VMID, in cluster: Cluster, at now: Timestamp
    ) throws(CommandFailure) -> ResourceChange {
        let vm = VMOverview(id, in: cluster)
        if let malformed = vm.malformed {
            throw CommandFailure(
                .failed, "\(malformed.description); correct it with etcdctl, or delete the VM")
        }
        guard let stored = vm.desired else {
            throw CommandFailure(
                .notFound, "vm \(id) is deleted already, its remains are being removed")
        }
        let patch = try patch(vm, stored.value)
        var change = try ResourceChange.patch(
            .vm, id: id.text, patch, expecting: stored.revision, in: cluster, at: now)
        // A guest that ended by itself or failed is tried again only when its record is written anew.
        if self == .start, vm.hasEnded { change.isRepeated = true }
        return change
    }

    private func patch(
        _ vm: VMOverview, _ desired: DesiredVM
    ) throws(CommandFailure) -> JSONValue {
        switch self {
        case .start: return .object(["state": .string("start")])
        case .stop: return .object(["state": .string("stop")])
        case .move(let target, let offline, let order):
            guard desired.state == .start, let claim = vm.claim?.value else {
                throw CommandFailure(
                    .failed, "vm \(vm.name) does not run: it goes wherever it is started")
            }
            if let target, let pin = desired.host, pin != target {
                throw CommandFailure(
                    .failed,
                    "vm \(vm.name) is pinned to host \(pin): pin it to \(target) instead")
            }
            if target == claim.host {
                throw CommandFailure(.failed, "vm \(vm.name) is on \(claim.host) already")
            }
            var fields: [String: JSONValue] = [
                "id": .string(order), "from": .string(claim.host.text),
                "to": target.map { .string($0.text) } ?? .null, "offline": .null,
            ]
            if offline { fields["offline"] = .bool(true) }
            return .object(["move": .object(fields)])
        }
    }
}

extension VMOverview {
    /// Whether its guest is down though its claim stands: it ended by itself, or could not be run.
    package var hasEnded: Bool {
        switch claim?.value.state {
        case .stopped, .failed: true
        case nil, .claimed, .starting, .running, .paused, .suspended, .stopping, .deleting: false
        }
    }
}
