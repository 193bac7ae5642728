import Foundation
import HTTPTypes
import Logging
import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// Writes what people want, and leaves a line about each write: who, what, from where, before and
/// after.
struct WriteService: Sendable {
    let store: ClusterStore
    let mirror: ClusterMirror
    let audit: Logger
    let now: @Sendable () -> Timestamp
    /// A new id (a UUID in lower case).
    let newID: @Sendable () -> String

    /// The newest copy of the records.
    ///
    /// - Throws: `Problem` (503) until etcd has answered once.
    func cluster() throws -> Cluster {
        guard let cluster = mirror.cluster else {
            throw Problem(.serviceUnavailable, "etcd has not answered yet")
        }
        return cluster
    }

    /// Makes a change so, and returns once this server's own copy has it, so that whoever wrote
    /// reads what they wrote.
    ///
    /// - Returns: the revision of the record that holds now.
    /// - Throws: `Problem` (409) where somebody else was faster, `EtcdError`.
    func commit(
        _ change: ResourceChange, by identity: Identity?, from remote: String
    ) async throws -> Revision {
        let change = change.signed(by: identity?.name)
        guard change.isNeeded else {
            return mirror.cluster?.desiredRecord(change.kind, change.id)?.revision ?? Revision(0)
        }
        switch try await store.write(change.writes, if: change.conditions) {
        case .conflict: throw Problem(change.conflict)
        case .written(let revision):
            note(
                change.after == nil ? "delete" : change.before == nil ? "create" : "change",
                "\(change.kind.word) \(change.name)", by: identity, from: remote,
                revision: revision, before: change.before, after: change.after,
                metadata: change.kind == .vm ? ["vm": "\(change.id)"] : ["id": "\(change.id)"])
            await mirror.reach(revision)
            return revision
        }
    }

    /// - Parameter what: such as `vm web`.
    func note(
        _ action: String, _ what: String, by identity: Identity?, from remote: String,
        revision: Revision, before: JSONValue?, after: JSONValue?,
        metadata: Logger.Metadata = [:]
    ) {
        var metadata = metadata
        metadata["event"] = "audit"
        metadata["action"] = "\(action)"
        metadata["subject"] = "\(what)"
        metadata["who"] = "\(identity?.name ?? "-")"
        metadata["token"] = "\(identity?.token.text ?? "-")"
        metadata["from"] = "\(remote)"
        metadata["revision"] = "\(revision)"
        metadata["before"] = "\(Self.text(before))"
        metadata["after"] = "\(Self.text(after))"
        audit.notice("desired state was written", metadata: metadata)
    }

    private static func text(_ value: JSONValue?) -> String {
        guard let value = value?.withoutUserData else { return "-" }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        // What came as JSON can be written as JSON.
        let data = (try? encoder.encode(value)) ?? Data()
        return String(decoding: data, as: UTF8.self)
    }
}
