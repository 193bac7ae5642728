import MetaStackDecisions
import MetaStackModel
import MetaStackStore

/// A claim that went with its owner's lease.
struct Departure: Sendable {
    /// When this node saw it go.
    var expired: Timestamp
    /// The lease's time to live; nil where the owner's record did not say.
    var ttl: Duration?

    /// When the owner proved its lease last, at the latest.
    var lastProven: Timestamp? {
        ttl.map { ttl in
            let (seconds, attoseconds) = ttl.components
            let milliseconds = seconds * 1000 + attoseconds / 1_000_000_000_000_000
            return Timestamp(milliseconds: expired.milliseconds - milliseconds)
        }
    }
}

extension NodeView.State {
    /// How long the storage is waited for before a guest is left to another host: by then others
    /// have said in their records whether it is away from them, too.
    static let storagePatience = Duration.seconds(30)

    /// Takes a change over, and notes which claims went with their owner.
    mutating func apply(_ change: ClusterChange, at time: Timestamp) -> Set<RecordKey>? {
        if case .records(let records, _) = change { noteDepartures(records, at: time) }
        return cluster.apply(change)
    }

    private mutating func noteDepartures(_ records: [RawRecord], at time: Timestamp) {
        for record in records {
            guard let vm = record.claimedVM else { continue }
            guard record.json == nil else {
                departures[vm] = nil
                continue
            }
            guard let claim = cluster.actualVMs[vm]?.value, !claim.clients.isEmpty else { continue }
            let ttl = cluster.hosts[claim.host]?.value.leaseTTL ?? 0
            departures[vm] = Departure(
                expired: time, ttl: ttl > 0 ? .milliseconds(ttl) : nil)
        }
    }

    /// The placement of the cluster's present revision.
    mutating func presentPlacement() -> Placement {
        if let known = placement, known.revision == cluster.revision { return known.value }
        let value = Placement(cluster)
        placement = (cluster.revision, value)
        return value
    }

    /// Whose turn each pending VM is, at the cluster's present revision.
    mutating func presentTurns(of me: HostID) -> Assignment {
        if let known = turns, known.revision == cluster.revision { return known.value }
        let value = Assignment(of: cluster.pendingRequests, on: presentPlacement(), for: me)
        turns = (cluster.revision, value)
        return value
    }

    /// A name is on record before its image is made, and once it is taken off it never comes back: so
    /// an image that no record names now is nobody's.
    func orphans(of vm: VMID) -> [DiskImage] {
        guard let made = made[vm] else { return [] }
        let known = cluster.volumes[vm, default: [:]].values.flatMap { stored in
            stored.value.allImages.map { DiskImage(pool: stored.value.pool, name: $0) }
        }
        return made.subtracting(known).sorted()
    }

    /// Whether the storage has been away from here for long and another host could run the VM.
    mutating func cannotServe(_ vm: VMID, at now: ContinuousClock.Instant) -> Bool {
        guard let storageAwaySince, storageAwaySince + Self.storagePatience <= now,
            let desired = cluster.desiredVMs[vm],
            let plan = try? VMPlan(vm, desired.value, in: cluster)  // Then nobody can run it.
        else { return false }
        return Placement(cluster, without: vm).candidates(for: plan.request)
            .contains { $0.host != cluster.actualVMs[vm]?.value.host }
    }
}

extension RawRecord {
    /// The VM whose claim this is.
    fileprivate var claimedVM: VMID? {
        guard path.hasPrefix(RecordKey.Folder.actualVMs.rawValue) else { return nil }
        // What is no key of ours is reported where the record is taken over.
        guard case .actualVM(let vm)? = try? RecordKey(path: path) else { return nil }
        return vm
    }
}
