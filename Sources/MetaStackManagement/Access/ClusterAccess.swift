package import MetaStackModel
package import MetaStackStore

/// What commands need of the store. A protocol, so that their flow is tested without etcd.
package protocol ClusterAccess: Sendable {
    /// All records now.
    func load() async throws -> Cluster
    /// Records now, of which at least a part must be there.
    func load(_ part: ClusterPart) async throws -> Cluster
    /// All records now, tokens among them.
    ///
    /// - Throws: where whoever asks may not see tokens. What they may see has none among it, which must not
    ///   be taken for there being none.
    func loadWithTokens() async throws -> Cluster
    /// Writes all of it, or nothing.
    func write(
        _ writes: [RecordWrite], if conditions: [RecordCondition]
    ) async throws -> WriteResult
    /// Looks at each later state until `isEnough` says so. Follows etcd's watch; asks never.
    func follow(
        _ cluster: Cluster, until isEnough: @Sendable (Cluster) throws -> Bool
    ) async throws
    /// Looks at each change after a revision, without a gap, until `isEnough` says so.
    func followChanges(
        after revision: Revision, until isEnough: @Sendable (ClusterChange) throws -> Bool
    ) async throws
    /// What happened, as far as etcd remembers.
    func eventLog() async throws -> EventLog
    /// Looks at everything that can be wrong.
    func diagnosis(at now: Timestamp) async throws -> Diagnosis
}

extension ClusterAccess {
    /// All of them are a part, too.
    package func load(_ part: ClusterPart) async throws -> Cluster { try await load() }

    /// Who reads etcd itself sees everything.
    package func loadWithTokens() async throws -> Cluster { try await load(.everything) }
}

extension ClusterStore: ClusterAccess {
    package func follow(
        _ cluster: Cluster, until isEnough: @Sendable (Cluster) throws -> Bool
    ) async throws {
        for try await update in follow(cluster) where try isEnough(update.cluster) { return }
    }

    package func followChanges(
        after revision: Revision, until isEnough: @Sendable (ClusterChange) throws -> Bool
    ) async throws {
        for try await change in changes(after: revision) where try isEnough(change) { return }
    }

    package func eventLog() async throws -> EventLog { EventLog(try await past()) }

    package func diagnosis(at now: Timestamp) async throws -> Diagnosis {
        try await diagnosis(at: now, seesTokens: true)
    }
}
