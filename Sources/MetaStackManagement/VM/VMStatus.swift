package import MetaStackModel

/// How a VM is, in one word for people: what is wanted and what is so, taken together.
package struct VMStatus: Sendable, Equatable {
    package enum Word: String, Sendable, CaseIterable {
        /// Wanted running, and no node has taken it.
        case pending
        case claimed, starting, running
        /// It runs, and goes to another host.
        case migrating
        /// The hypervisor stopped the guest.
        case paused
        /// MetaStack stopped the guest's processors.
        case suspended
        case stopping
        /// Not wanted running, or ended by itself.
        case stopped
        case failed
        /// Not wanted any more, and something of it is left.
        case deleting
        /// A record cannot be read, so nobody acts.
        case malformed
    }

    package let word: Word
    /// Why it is so, where that is known.
    package let message: String?

    /// - Parameter reasons: of the same cluster; they say why a VM stays pending, and are asked for
    ///   only where one does.
    package init(
        _ vm: VMOverview, pending reasons: @autoclosure () -> PendingReasons
    ) {
        (word, message) = Self.judge(vm, reasons)
    }

    package init(_ id: VMID, in cluster: Cluster) {
        self.init(VMOverview(id, in: cluster), pending: PendingReasons(cluster))
    }

    private static func judge(
        _ vm: VMOverview, _ reasons: () -> PendingReasons
    ) -> (Word, String?) {
        if let malformed = vm.malformed { return (.malformed, malformed.description) }
        guard let desired = vm.desired else { return (.deleting, vm.claim?.value.message) }
        guard let claim = vm.claim else {
            if desired.value.state == .stop { return (.stopped, nil) }
            if let history = vm.history?.value, history.endedFor == desired.revision {
                return (.stopped, history.lastExit)
            }
            return (.pending, reasons().text(vm.id, desired))
        }
        if let owned = claim.value.desiredCreateRevision, owned != desired.createRevision {
            return (.pending, "an earlier VM under this id is being removed")
        }
        let word = word(for: claim.value.state)
        if desired.value.state == .stop, word != .stopped, word != .failed, word != .deleting {
            return (.stopping, claim.value.message)
        }
        if word == .running, let move = claim.value.move { return (.migrating, Self.words(move)) }
        return (word, claim.value.message)
    }

    private static func words(_ move: GuestMove) -> String {
        let progress = move.progress.map { ", \($0) %" } ?? ""
        return "to \(move.to)\(progress), since \(move.reason)"
    }

    private static func word(for state: ActualVM.State) -> Word {
        switch state {
        case .claimed: .claimed
        case .starting: .starting
        case .running: .running
        case .paused: .paused
        case .suspended: .suspended
        case .stopping: .stopping
        case .stopped: .stopped
        case .failed: .failed
        case .deleting: .deleting
        }
    }
}
