/// One change that a watch saw.
public enum WatchEvent: Sendable, Equatable {
    /// The key has a new value. `previous` is there where the watch asked for it, etcd still has
    /// it and the key existed.
    case put(KeyValue, previous: KeyValue?)
    /// The key is gone, by a call or with its lease.
    case delete(Key, revision: Revision, previous: KeyValue?)

    public var key: Key {
        switch self {
        case .put(let keyValue, _): keyValue.key
        case .delete(let key, _, _): key
        }
    }

    /// The revision of the change.
    public var revision: Revision {
        switch self {
        case .put(let keyValue, _): keyValue.modRevision
        case .delete(_, let revision, _): revision
        }
    }

    init?(_ wire: WireWatchResult.Event) {
        guard let keyValue = wire.kv?.keyValue else { return nil }
        let previous = wire.prev_kv?.keyValue
        // The gateway leaves the type out where it is the zeroth, PUT.
        switch wire.type {
        case nil, "PUT": self = .put(keyValue, previous: previous)
        case "DELETE":
            self = .delete(keyValue.key, revision: keyValue.modRevision, previous: previous)
        default: return nil
        }
    }
}

/// Changes that arrived together. The events of one revision are never torn apart.
public struct WatchBatch: Sendable, Equatable {
    /// The revision of the last event: everything up to it has been seen.
    public var revision: Revision
    /// In the order in which they happened; never empty.
    public var events: [WatchEvent]

    public init(revision: Revision, events: [WatchEvent]) {
        self.revision = revision
        self.events = events
    }
}

/// Events that a watch leaves out.
public enum WatchFilter: String, Sendable, Hashable, CaseIterable {
    case puts = "NOPUT"
    case deletes = "NODELETE"
}
