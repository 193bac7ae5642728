import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// Another wanted state for a VM that exists: what `start` and `stop` have in common.
struct VMStateChange: Sendable, Equatable {
    let id: VMID
    let name: String
    let wanted: DesiredVM.State
    let stored: Stored<DesiredVM>
    /// Whether there is anything to write.
    let isNeeded: Bool

    /// - Throws: `CommandFailure` where the VM's record cannot be read or is gone already.
    init(_ id: VMID, to wanted: DesiredVM.State, in cluster: Cluster) throws(CommandFailure) {
        let vm = VMOverview(id, in: cluster)
        if let malformed = vm.malformed {
            throw CommandFailure(
                .failed, "\(malformed.description); correct it with etcdctl, or delete the VM")
        }
        guard let stored = vm.desired else {
            throw CommandFailure(
                .notFound, "vm \(id) is deleted already, its remains are being removed")
        }
        self.id = id
        self.wanted = wanted
        self.stored = stored
        name = vm.name
        isNeeded = stored.value.state != wanted || wanted == .start && Self.hasEnded(vm)
    }

    /// A guest that ended by itself or failed is tried again only when its record is written anew.
    private static func hasEnded(_ vm: VMOverview) -> Bool {
        switch vm.claim?.value.state {
        case .stopped, .failed: true
        case nil, .claimed, .starting, .running, .paused, .suspended, .stopping,
            .deleting:
            false
        }
    }

    /// Writes the change where it is needed, and says what was done.
    ///
    /// - Returns: the revision of the desired record that holds now.
    func write(in session: CommandSession) async throws -> Revision {
        guard isNeeded else {
            try session.report(
                "vm \(name) is wanted \(wanted.words) already", id: id.text,
                try JSONValue(id: id.text, stored))
            return stored.revision
        }
        var changed = stored
        changed.value.state = wanted
        // Still true at the write: nobody has changed the record since it was read.
        changed.revision = try await session.write(
            [.put(.desiredVM(id), changed.value)],
            if: [.unchanged(.desiredVM(id), since: stored.revision)],
            orElse: .changedMeanwhile("vm \(name)"))
        try session.report(
            "asked for vm \(name) to be \(wanted.words)", id: id.text,
            try JSONValue(id: id.text, changed))
        return changed.revision
    }
}

extension DesiredVM.State {
    fileprivate var words: String {
        switch self {
        case .start: "running"
        case .stop: "stopped"
        }
    }
}
