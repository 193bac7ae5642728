import Etcd
import MetaStackModel

/// Where records stand in etcd: the deployment's prefix, and below it the paths of ``RecordKey``.
struct KeyLayout: Sendable {
    let prefix: Key

    /// - Parameter prefix: such as `/metastack`; slashes at its end do not count.
    init(prefix: String) {
        var text = prefix
        while text.hasSuffix("/") { text.removeLast() }
        self.prefix = Key(text)
    }

    /// All keys of the deployment.
    var range: KeyRange { .children(of: prefix) }

    func key(_ record: RecordKey) -> Key {
        record.components.reduce(prefix) { $0.appending($1) }
    }

    func key(of folder: RecordKey.Folder) -> Key { prefix.appending(folder.rawValue) }

    /// The path below the prefix.
    func path(of key: Key) -> String {
        String(decoding: key.bytes.dropFirst(prefix.bytes.count + 1), as: UTF8.self)
    }
}

extension MetaStackModel.Revision {
    init(_ revision: Etcd.Revision) { self.init(revision.rawValue) }
}

extension Etcd.Revision {
    init(_ revision: MetaStackModel.Revision) { self.init(rawValue: revision.number) }
}

extension LeaseID {
    init(_ lease: LeaseNumber) { self.init(rawValue: lease.number) }
}

extension RawRecord {
    init(_ keyValue: KeyValue, layout: KeyLayout) {
        self.init(
            path: layout.path(of: keyValue.key), json: keyValue.value,
            revision: .init(keyValue.modRevision), createRevision: .init(keyValue.createRevision),
            lease: keyValue.lease.map { LeaseNumber($0.rawValue) })
    }

    init(_ event: WatchEvent, layout: KeyLayout) {
        switch event {
        case .put(let keyValue, previous: _):
            self.init(keyValue, layout: layout)
        case .delete(let key, let revision, previous: _):
            self.init(
                path: layout.path(of: key), json: nil, revision: .init(revision),
                createRevision: .init(revision))
        }
    }
}
