import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// A change of what is wanted of a host: what `maintenance`, `ready` and `set` have in common.
struct HostChange: Sendable {
    let id: HostID
    /// What was done, for people.
    let words: String
    let change: @Sendable (inout DesiredHost) -> Void

    /// - Returns: the revision of the record that holds now.
    /// - Throws: `CommandFailure` where the host is unknown or somebody else was faster.
    @discardableResult
    func write(over cluster: Cluster, in session: CommandSession) async throws -> Revision {
        let known = cluster.desiredHosts[id]
        var changed = known?.value ?? DesiredHost()
        change(&changed)
        changed = changed.noted(after: known?.value, at: session.now(), by: session.user)
        let key = RecordKey.desiredHost(id)
        // One that cannot be read is replaced.
        let conditions: [RecordCondition] =
            cluster.malformed[key.path] != nil
            ? [] : [known.map { .unchanged(key, since: $0.revision) } ?? .absent(key)]
        let revision = try await session.write(
            [.put(key, changed)], if: conditions, orElse: .changedMeanwhile("host \(id)"))
        let stored = Stored(
            changed, revision: revision, createRevision: known?.createRevision ?? revision)
        try session.report(
            "host \(id) \(words)", id: id.text, try JSONValue(id: id.text, stored))
        return revision
    }
}
