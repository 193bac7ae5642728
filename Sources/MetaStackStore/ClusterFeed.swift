public import MetaStackModel

/// The cluster after a change.
public struct ClusterUpdate: Sendable {
    /// All of it, as it is now.
    public let cluster: Cluster
    /// What the change was about; empty where ``reloaded``.
    public let changed: Set<RecordKey>
    /// True where the whole state was read afresh and anything may have changed.
    public let reloaded: Bool
}

/// The whole cluster after each change: what a command that waits for something looks at.
public struct ClusterFeed: AsyncSequence, Sendable {
    public typealias Element = ClusterUpdate
    let changes: ClusterChanges
    let cluster: Cluster

    public func makeAsyncIterator() -> Iterator {
        Iterator(changes: changes.makeAsyncIterator(), cluster: cluster)
    }

    public struct Iterator: AsyncIteratorProtocol {
        var changes: ClusterChanges.Iterator
        var cluster: Cluster

        public mutating func next() async throws -> ClusterUpdate? {
            guard let change = try await changes.next() else { return nil }
            let changed = cluster.apply(change)
            return ClusterUpdate(
                cluster: cluster, changed: changed ?? [], reloaded: changed == nil)
        }
    }
}
