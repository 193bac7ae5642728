/// The changes of a range from a revision on, for as long as somebody iterates.
///
/// Each iteration is a watch of its own on a connection of its own. Nothing runs between two calls
/// of `next()`: unread events wait in a bounded buffer, then in the socket, then in etcd, which
/// keeps them for as long as their revisions are not compacted. Cancelling the task, or dropping
/// the iterator, closes the connection.
public struct EtcdWatch: AsyncSequence, Sendable {
    public typealias Element = WatchBatch

    let caller: Caller
    let range: KeyRange
    let from: Revision?
    let filters: Set<WatchFilter>
    let previousValues: Bool

    public func makeAsyncIterator() -> Iterator {
        Iterator(session: WatchSession(self))
    }

    /// Reads one watch. For one task.
    public struct Iterator: AsyncIteratorProtocol {
        let session: WatchSession

        /// The next changes as soon as they arrive. Lost connections are replaced in here, without
        /// an end to the waiting and without a lost or repeated event.
        ///
        /// - Throws: `EtcdError` with `.compacted` where the revision to go on from is gone (list,
        ///   and watch from there), `.clusterChanged`, `.permissionDenied`, `.unauthenticated`,
        ///   `.shutDown`; `CancellationError`.
        public mutating func next() async throws -> WatchBatch? {
            try await session.next()
        }
    }
}

extension EtcdClient {
    /// Watches a range (etcd's `Watch`).
    ///
    /// - Parameters:
    ///   - from: the first revision wanted, `listing.revision.next` after a list. Nil is what
    ///     happens after etcd has heard of the watch, which is some time after the first `next()`.
    ///   - filters: events to leave out.
    ///   - previousValues: whether events carry what they replaced.
    public func watch(
        _ range: KeyRange, from: Revision? = nil, filters: Set<WatchFilter> = [],
        previousValues: Bool = false
    ) -> EtcdWatch {
        EtcdWatch(
            caller: caller, range: range, from: from, filters: filters,
            previousValues: previousValues)
    }
}
