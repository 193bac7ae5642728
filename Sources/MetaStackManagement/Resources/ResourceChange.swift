package import MetaStackModel
package import MetaStackStore

/// A change of one desired record, checked as far as it can be before it is written.
///
/// The API, `apply`, `edit`, `set` and the page's forms all go this way, so that what one of them
/// refuses no other lets through. The conditions say what must still be so at the write.
package struct ResourceChange: Sendable {
    package let kind: ResourceKind
    package let id: String
    package let name: String
    package private(set) var writes: [RecordWrite]
    package let conditions: [RecordCondition]
    /// The record as it was and as it will be; nil where there is none.
    package let before: JSONValue?
    package private(set) var after: JSONValue?

    /// Whether it is written though nothing in it changes: the new revision is what is meant.
    var isRepeated = false

    /// Whether there is anything to write.
    package var isNeeded: Bool { before != after || isRepeated }

    /// The same with the name of whoever writes it, where it begins a host's maintenance and names nobody.
    package func signed(by name: String?) -> Self {
        guard let name, case .put(let key, let record as DesiredHost, lease: _)? = writes.first,
            record.state == .maintenance, record.by == nil, before?.isMaintenance != true
        else { return self }
        var signed = self
        var host = record
        host.by = name
        signed.writes = [.put(key, host)]
        signed.after = after?.merged(with: .object(["by": .string(name)]))
        return signed
    }

    /// What whoever loses the race is told.
    package var conflict: CommandFailure { .changedMeanwhile("\(kind.word) \(name)") }

    /// Something new.
    ///
    /// - Parameters:
    ///   - id: a new one; for hosts and settings the name itself.
    ///   - json: the desired record.
    ///   - now: becomes a VM's `created_at` where the record has none.
    /// - Throws: `CommandFailure` with the fields that are to blame.
    package static func create(
        _ kind: ResourceKind, id: String, _ json: JSONValue, in cluster: Cluster,
        at now: Timestamp
    ) throws(CommandFailure) -> Self {
        let proposal = try ResourceProposal(kind, id: id, json, in: cluster, at: now)
        guard proposal.stored == nil, !proposal.isUnread else {
            throw CommandFailure(.conflict, "there is a \(kind.word) \(id) already")
        }
        return try proposal.change()
    }

    /// The whole record anew; where there was none it comes to be.
    ///
    /// - Parameter expected: the revision that the writer has seen; nil to go by the cluster's.
    package static func replace(
        _ kind: ResourceKind, id: String, _ json: JSONValue, expecting expected: Revision? = nil,
        in cluster: Cluster, at now: Timestamp
    ) throws(CommandFailure) -> Self {
        let proposal = try ResourceProposal(kind, id: id, json, in: cluster, at: now)
        try proposal.requireRevision(expected)
        return try proposal.change()
    }

    /// Some fields anew, by JSON Merge Patch (RFC 7396).
    package static func patch(
        _ kind: ResourceKind, id: String, _ patch: JSONValue,
        expecting expected: Revision? = nil, in cluster: Cluster, at now: Timestamp
    ) throws(CommandFailure) -> Self {
        guard case .object = patch else {
            throw CommandFailure(.usage, "a patch is an object with the fields that change")
        }
        let record = cluster.desiredRecord(kind, id)?.record
        // What is wanted of a host is nothing before somebody wants something.
        guard record != nil || kind == .host || kind == .config else {
            throw CommandFailure(.notFound, "there is no \(kind.word) \(id.quotedForPeople)")
        }
        return try replace(
            kind, id: id, (record ?? .object([:])).merged(with: patch), expecting: expected,
            in: cluster, at: now)
    }

    /// - Throws: `CommandFailure` (conflict) where something uses it.
    package static func delete(
        _ kind: ResourceKind, id: String, expecting expected: Revision? = nil, in cluster: Cluster
    ) throws(CommandFailure) -> Self {
        let key = try ResourceProposal.key(kind, id)
        let stored = cluster.desiredRecord(kind, id)
        guard stored != nil || cluster.malformed[key.path] != nil else {
            throw CommandFailure(.notFound, "there is no \(kind.word) \(id.quotedForPeople)")
        }
        try ResourceProposal.require(expected, stored?.revision, "\(kind.word) \(id)")
        let name = stored?.name ?? id
        let users = cluster.users(of: kind, id)
        guard users.isEmpty else { throw .inUse("\(kind.word) \(name)", by: users) }
        if kind == .securityGroup {
            let speakers = Set(cluster.groups(naming: id) + cluster.groups(naming: name))
                .subtracting([name]).sorted()
            guard speakers.isEmpty else {
                throw .inUse("\(kind.word) \(name)", by: speakers, noun: kind.word)
            }
        }
        // Still true at the write: nobody has changed what was read. A record that could not be
        // read has no revision here; that it is there is all that can be compared.
        let condition: RecordCondition =
            stored.map { .unchanged(key, since: $0.revision) } ?? .exists(key)
        return ResourceChange(
            kind: kind, id: id, name: name, writes: [.delete(key)], conditions: [condition],
            before: stored?.record ?? .null, after: nil)
    }
}

extension JSONValue {
    /// Whether it is a host's record that wants maintenance.
    fileprivate var isMaintenance: Bool {
        guard case .object(let fields) = self else { return false }
        return fields["state"] == .string(DesiredHost.State.maintenance.rawValue)
    }
}
