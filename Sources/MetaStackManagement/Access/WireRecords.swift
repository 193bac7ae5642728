import Foundation
package import MetaStackModel
package import MetaStackStore

/// Records and transactions as they go between `metastack --server` and `metastack serve`.
///
/// A record's value goes as the text that stands in etcd, so that one that cannot be read is shown
/// as what it is on both ends.
package enum Wire {
    package struct Record: Codable, Sendable {
        package var path: String
        /// nil where the key was deleted.
        package var value: String?
        package var revision: Int64
        package var created: Int64
        package var lease: Int64?

        package init(_ raw: RawRecord) {
            path = raw.path
            value = raw.json.map { String(decoding: $0, as: UTF8.self) }
            revision = raw.revision.number
            created = raw.createRevision.number
            lease = raw.lease?.number
        }

        package var raw: RawRecord {
            RawRecord(
                path: path, json: value.map { Data($0.utf8) }, revision: Revision(revision),
                createRevision: Revision(created), lease: lease.map { LeaseNumber($0) })
        }
    }

    /// All records at a revision, or those that changed up to it.
    package struct Records: Codable, Sendable {
        package var revision: Int64
        package var records: [Record]

        package init(revision: Revision, records: [RawRecord]) {
            self.revision = revision.number
            self.records = records.map { Record($0) }
        }

        package var cluster: Cluster {
            var cluster = Cluster()
            for record in records { cluster.apply(record.raw) }
            cluster.revision = Revision(revision)
            return cluster
        }
    }

    package struct Write: Codable, Sendable {
        package var path: String
        /// nil to delete it.
        package var record: JSONValue?
    }

    package struct Condition: Codable, Sendable {
        package enum Kind: String, Codable, Sendable { case unchanged, absent, exists }
        package var kind: Kind
        package var path: String
        package var since: Int64?
    }

    package struct Transaction: Codable, Sendable {
        package var conditions: [Condition]
        package var writes: [Write]

        /// - Throws: where a record cannot be written as JSON.
        package init(_ writes: [RecordWrite], if conditions: [RecordCondition]) throws {
            self.writes = try writes.map { write in
                switch write {
                case .put(let key, let record, lease: _):
                    Write(path: key.path, record: try JSONValue(record))
                case .delete(let key): Write(path: key.path, record: nil)
                case .deleteDeclines(let vm):
                    throw CommandFailure(.failed, "declines of vm \(vm) are its hosts' to remove")
                }
            }
            self.conditions = try conditions.map { condition in
                switch condition {
                case .unchanged(let key, let revision):
                    Condition(kind: .unchanged, path: key.path, since: revision.number)
                case .absent(let key): Condition(kind: .absent, path: key.path)
                case .exists(let key): Condition(kind: .exists, path: key.path)
                case .underLease(let key, _):
                    throw CommandFailure(.failed, "\(key.path) stands under a node's lease")
                }
            }
        }

        package func recordConditions() throws -> [RecordCondition] {
            try conditions.map { condition in
                guard let key = try RecordKey(path: condition.path) else {
                    throw CommandFailure(
                        .usage, "there is no record \(condition.path.quotedForPeople)")
                }
                switch condition.kind {
                case .absent: return .absent(key)
                case .exists: return .exists(key)
                case .unchanged:
                    return .unchanged(key, since: Revision(condition.since ?? 0))
                }
            }
        }
    }

    /// What became of a transaction.
    package struct Outcome: Codable, Sendable {
        /// nil where a condition did not hold.
        package var written: Int64?

        package init(_ result: WriteResult) {
            written =
                switch result {
                case .written(let revision): revision.number
                case .conflict: nil
                }
        }

        package var result: WriteResult { written.map { .written(Revision($0)) } ?? .conflict }
    }
}

extension RecordKey.Folder {
    /// What people call that of which it says what is wanted; nil for what nodes write, and for tokens.
    package var kind: ResourceKind? {
        switch self {
        case .globalConfig: .config
        case .images: .image
        case .flavours: .flavour
        case .sshKeys: .sshKey
        case .networks: .network
        case .securityGroups: .securityGroup
        case .desiredVMs: .vm
        case .desiredHosts: .host
        case .tokens, .actualVMs, .hosts, .volumes, .history, .declines, .actualImages, .arrivals,
            .addresses:
            nil
        }
    }

    /// Whether management writes what stands in it, and what that needs; nil for what is nodes' own.
    package var writer: AccessToken.Role? {
        switch self {
        case .globalConfig, .images, .flavours, .desiredVMs, .desiredHosts, .sshKeys, .networks,
            .securityGroups:
            .operate
        case .tokens: .admin
        case .actualVMs, .hosts, .volumes, .history, .declines, .actualImages, .arrivals,
            .addresses:
            nil
        }
    }
}
