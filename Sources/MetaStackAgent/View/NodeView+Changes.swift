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

    /// Takes a change over, and notes which claims came, and which went with their owner.
    mutating func apply(
        _ change: ClusterChange, at time: Timestamp, now: ContinuousClock.Instant
    ) -> Set<RecordKey>? {
        switch change {
        case .reloaded(let cluster):
            take(cluster)
            return nil
        case .records(let records, _):
            noteDepartures(records, at: time)
            let changed = self.change(records.compactMap(\.concernedVM)) { cluster in
                cluster.apply(change) ?? []
            }
            noteClaims(changed, at: now)
            return changed
        }
    }

    /// Who claims is alive and at work.
    private mutating func noteClaims(
        _ changed: Set<RecordKey>, at now: ContinuousClock.Instant
    ) {
        for case .actualVM(let vm) in changed {
            guard let claim = cluster.actualVMs[vm], claim.revision == claim.createRevision
            else { continue }
            claimedLast[claim.value.host] = now
        }
    }

    /// When a host, or this one, last had claims to make.
    mutating func heardOfClaims(
        of host: HostID, _ me: HostID, at now: ContinuousClock.Instant
    ) -> ContinuousClock.Instant? {
        if look({ !$0.presentAssignment().share(of: me).isEmpty }) { return now }
        return [claimedLast[host], claimedLast[me]].compactMap(\.self).max()
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

    /// Whether anything is to be done here about a VM that others may own: it has something here,
    /// waits for an owner or for this host, or was evicted from here.
    func concerns(_ vm: VMID, _ me: HostID) -> Bool {
        if domains[vm] != nil || made[vm] != nil { return true }
        if cluster.arrivals[vm]?.value.host == me { return true }
        if let history = cluster.histories[vm]?.value,
            history.evicted.contains(where: { $0.host == me })
        {
            return true
        }
        guard let claim = cluster.actualVMs[vm] else { return ledger.isUnowned(vm) }
        return claim.value.host == me || claim.value.move?.to == me
            || cluster.arrivals[vm] != nil
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
        path.hasPrefix(RecordKey.Folder.actualVMs.rawValue) ? concernedVM : nil
    }

    /// The VM that this is a record of.
    fileprivate var concernedVM: VMID? {
        // What is no key of ours is reported where the record is taken over.
        switch try? RecordKey(path: path) {
        case .actualVM(let vm)?, .desiredVM(let vm)?, .history(let vm)?: vm
        case .volume(let volume)?: volume.vm
        default: nil
        }
    }
}
