package import MetaStackModel

extension Cluster {
    /// The changes that lead from this state to a later one, in the order of their revisions.
    ///
    /// What came and went between the two is not among them, and several changes of a record are
    /// one.
    package func changes(to new: Cluster) -> [RawRecord] {
        var changes: [RawRecord] = []
        func compare<ID: Hashable, Value: Record>(
            _ path: KeyPath<Cluster, [ID: Stored<Value>]>, _ key: (ID) -> RecordKey
        ) {
            let (old, now) = (self[keyPath: path], new[keyPath: path])
            for (id, stored) in now where old[id] != stored {
                changes += [RawRecord(key(id), stored)].compactMap(\.self)
            }
            for id in old.keys where now[id] == nil {
                changes.append(RawRecord(deleted: key(id), new.revision))
            }
        }
        func compare(
            _ path: KeyPath<Cluster, Stored<some Record>?>, _ key: RecordKey
        ) {
            guard self[keyPath: path] != new[keyPath: path] else { return }
            changes.append(
                new[keyPath: path].flatMap { RawRecord(key, $0) }
                    ?? RawRecord(deleted: key, new.revision))
        }
        compare(\.globalConfig) { .globalConfig($0) }
        compare(\.takeoverSwitch, TakeoverSwitch.key)
        compare(\.moveLimits, MoveLimits.key)
        compare(\.rebalancePolicy, RebalancePolicy.key)
        compare(\.syslogServer, SyslogServer.key)
        compare(\.images) { .image($0) }
        compare(\.flavours) { .flavour($0) }
        compare(\.desiredVMs) { .desiredVM($0) }
        compare(\.actualVMs) { .actualVM($0) }
        compare(\.hosts) { .host($0) }
        compare(\.desiredHosts) { .desiredHost($0) }
        compare(\.allVolumes) { .volume($0) }
        compare(\.histories) { .history($0) }
        compare(\.actualImages) { .actualImage($0) }
        compare(\.arrivals) { .arrival($0) }
        compare(\.tokens) { .token($0) }
        compare(\.sshKeys) { .sshKey($0) }
        compare(\.networks) { .network($0) }
        compare(\.addresses.all) { .address($0) }
        compare(\.securityGroups) { .securityGroup($0) }
        return changes.sorted { ($0.revision, $0.path) < ($1.revision, $1.path) }
    }

    private var allVolumes: [VolumeID: Stored<Volume>] {
        volumes.values.reduce(into: [:]) { $0.merge($1) { $1 } }
    }
}

extension RawRecord {
    /// nil for a record that cannot be written, which none is that was read.
    fileprivate init?(_ key: RecordKey, _ stored: Stored<some Record>) {
        guard let json = try? stored.value.json() else { return nil }
        self.init(
            path: key.path, json: json, revision: stored.revision,
            createRevision: stored.createRevision, lease: stored.lease)
    }

    fileprivate init(deleted key: RecordKey, _ revision: Revision) {
        self.init(path: key.path, json: nil, revision: revision, createRevision: revision)
    }
}
