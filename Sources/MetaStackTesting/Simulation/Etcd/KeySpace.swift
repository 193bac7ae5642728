import Etcd

/// etcd's data: keys with revisions, transactions, and what watches are fed from. No leases, no
/// members, no time.
struct KeySpace {
    private(set) var keys: [Key: KeyValue] = [:]
    private(set) var revision: Int64 = 1
    /// Revisions up to this one are forgotten.
    private(set) var compacted: Int64 = 0
    /// The events of the revisions after ``compacted``, in order.
    private var log: [[WatchEvent]] = [[]]

    /// The events of a revision.
    func events(of revision: Int64) -> [WatchEvent] {
        let index = Int(revision - compacted) - 1
        return log.indices.contains(index) ? log[index] : []
    }

    func list(_ range: KeyRange) -> [KeyValue] {
        keys.values.filter { range.contains($0.key) }.sorted { $0.key < $1.key }
    }

    func holds(_ condition: Condition) -> Bool {
        switch condition {
        case .exists(let key): keys[key] != nil
        case .absent(let key): keys[key] == nil
        case .modRevision(let key, let wanted):
            (keys[key]?.modRevision ?? Revision(rawValue: 0)) == wanted
        case .createRevision(let key, let wanted):
            (keys[key]?.createRevision ?? Revision(rawValue: 0)) == wanted
        case .version(let key, let wanted): (keys[key]?.version ?? 0) == wanted
        case .value(let key, let wanted): keys[key]?.value == wanted
        case .lease(let key, let wanted): keys[key]?.lease == wanted
        }
    }

    /// Does all of it at one revision; no revision is used where nothing changes.
    ///
    /// - Returns: the events.
    mutating func apply(_ operations: [Operation]) -> [WatchEvent] {
        let next = Revision(rawValue: revision + 1)
        var events: [WatchEvent] = []
        for operation in operations {
            switch operation {
            case .put(let key, let value, let lease):
                let known = keys[key]
                let keyValue = KeyValue(
                    key: key, value: value, createRevision: known?.createRevision ?? next,
                    modRevision: next, version: (known?.version ?? 0) + 1, lease: lease)
                keys[key] = keyValue
                events.append(.put(keyValue, previous: known))
            case .delete(let range):
                for keyValue in list(range) {
                    keys[keyValue.key] = nil
                    events.append(.delete(keyValue.key, revision: next, previous: keyValue))
                }
            case .get: break
            }
        }
        guard !events.isEmpty else { return [] }
        revision += 1
        log.append(events)
        return events
    }

    mutating func compact(upTo wanted: Int64) {
        let upTo = min(wanted, revision)
        guard upTo > compacted else { return }
        log.removeFirst(min(log.count, Int(upTo - compacted)))
        compacted = upTo
    }
}
