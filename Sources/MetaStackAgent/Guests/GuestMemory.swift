import MetaStackDecisions
import MetaStackModel
import Synchronization

/// What the node remembers of VMs and nobody else has to know; lost with the process.
final class GuestMemory: Sendable {
    struct State: Sendable {
        /// Since when a VM has been waiting for an owner.
        var pendingSince: [VMID: ContinuousClock.Instant] = [:]
        /// Claims that take room already.
        var underway: [VMID: ClaimUnderway] = [:]
        /// How many of them there may be before they are looked through for those that are in view.
        var mostUnderway = 32
        /// Since when the disks of a VM that is gone have been removed.
        var removedSince: [VMID: ContinuousClock.Instant] = [:]
        /// Names that this agent has put on record and not used yet.
        var unusedNames: [VolumeID: String] = [:]
        /// How often in a row a transaction met records that had changed: the watch shows them soon,
        /// or, where it is silent, later.
        var conflicts: [VMID: Int] = [:]
        /// How often in a row this node could not run a VM.
        var declines: [VMID: Int] = [:]
        /// Guests that were asked to shut down.
        var shutdowns: [VMID: Shutdown] = [:]
        /// Since when a guest runs that this agent let run.
        var startedAt: [VMID: ContinuousClock.Instant] = [:]
        /// Guests that ended by themselves start no earlier.
        var startNotBefore: [VMID: ContinuousClock.Instant] = [:]
        /// When guests that stopped at a write error were last let try again.
        var triedAgainAt: [VMID: ContinuousClock.Instant] = [:]
        /// Since when clients that are evicted are known to be gone.
        var goneSince: [VMID: [StorageClient: ContinuousClock.Instant]] = [:]
        /// VMs that go to share load.
        var rebalance: [VMID: Rebalance.Step] = [:]
        /// Moves that this agent has begun.
        var moves: [VMID: MoveUnderway] = [:]
        /// VMs that could not be moved lately.
        var moveFailures: [VMID: MoveFailure] = [:]
        /// What was tried with the NICs of guests that run, by the host's end of each.
        var nicTries: [VMID: [InterfaceName: NICTry]] = [:]
        /// Takeovers under way.
        var takeovers: [VMID: Takeover] = [:]
        /// Why a VM is not claimed, as last logged.
        var reasons: [VMID: String] = [:]
    }
    let state = Mutex(State())

    /// The VM waits for nobody any more: the next time it does, everybody's turn counts anew.
    func forgetWaiting(_ vm: VMID) {
        state.withLock { state in
            state.pendingSince[vm] = nil
            state.reasons[vm] = nil
        }
    }

    /// Nothing is left of the VM. Its claims are looked through where they stand in the way.
    func forget(_ vm: VMID) {
        forgetWaiting(vm)
        state.withLock { state in
            state.removedSince[vm] = nil
            state.unusedNames = state.unusedNames.filter { $0.key.vm != vm }
            state.conflicts[vm] = nil
            state.declines[vm] = nil
            state.shutdowns[vm] = nil
            state.startedAt[vm] = nil
            state.startNotBefore[vm] = nil
            state.triedAgainAt[vm] = nil
            state.goneSince[vm] = nil
            state.moves[vm] = nil
            state.moveFailures[vm] = nil
            state.nicTries[vm] = nil
            state.takeovers[vm] = nil
        }
    }
}

/// A claim that is being made, or was made and may not be in view yet.
struct ClaimUnderway: Sendable {
    var request: PlacementRequest
    /// Those that it makes the VM's.
    var addresses: Set<AddressID> = []
    /// It is made under this one or never: a change whose answer was lost may still happen.
    var lease: LeaseNumber
    var revision: Revision
    /// nil until an answer says so.
    var madeAt: Revision?
    /// Whether a call to etcd that may make it has neither been answered nor given up.
    var isOnItsWay = false

    /// Whether the records do not speak of it yet and still may.
    func isOpen(in cluster: Cluster, under lease: LeaseNumber) -> Bool {
        if let madeAt { return madeAt > cluster.revision }
        let wanted = cluster.desiredVMs[request.vm]
        guard self.lease == lease, wanted?.revision == revision else { return false }
        // Another's claim may be gone again by the time this one arrives.
        return isOnItsWay || cluster.actualVMs[request.vm] == nil
    }
}

/// A move that this agent has begun.
struct MoveUnderway: Sendable {
    var id: String
    var since: ContinuousClock.Instant
}

/// A move that came to nothing.
struct MoveFailure: Sendable {
    var text: String
    var host: HostID
    var order: String?
    var times: Int
    /// It is not tried again before.
    var until: ContinuousClock.Instant
}

/// Since when a guest is to shut down, and when it was last asked to.
struct Shutdown: Sendable {
    var since: ContinuousClock.Instant
    var askedAt: ContinuousClock.Instant?
}
