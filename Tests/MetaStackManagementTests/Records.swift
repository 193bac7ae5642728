import Foundation
import MetaStackModel

extension RawRecord {
    /// A key's new state as etcd has it.
    init(
        _ path: String, _ json: String?, at revision: Int64, created: Int64? = nil,
        lease: Int64? = nil
    ) {
        self.init(
            path: path, json: json.map { Data($0.utf8) }, revision: Revision(revision),
            createRevision: Revision(created ?? revision), lease: lease.map { LeaseNumber($0) })
    }
}

extension Cluster {
    mutating func put(
        _ path: String, _ json: String?, at revision: Int64, created: Int64? = nil,
        lease: Int64? = nil
    ) {
        apply(RawRecord(path, json, at: revision, created: created, lease: lease))
    }
}
