import Etcd
import Logging
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import ServiceLifecycle

/// Keeps the node's view of the records: a list, then the watch, and a full comparison now and
/// then, since etcd has lost events across compactions.
///
/// Ends by cancellation, at once, or with an error that waiting does not mend.
struct WatchService: Service {
    private static let retryAfter = Duration.seconds(1)
    private static let comparisonInterval = Duration.seconds(600)

    let store: ClusterStore
    let view: NodeView
    let router: ChangeRouter
    let witnesses: Witnesses
    let clock: any NodeClock
    let random: any NodeRandom
    let logger: Logger

    func run() async throws {
        try await cancelWhenGracefulShutdown {
            let revision = try await start()
            router.everythingChanged()
            try await withThrowingTaskGroup { group in
                group.addTask { try await followKnownCluster(after: revision) }
                group.addTask { try await compareNowAndThen() }
                try await group.next()
                group.cancelAll()
            }
        }
    }

    /// The list is the view's alone from here on: kept elsewhere, too, the first change would copy it.
    private func start() async throws -> MetaStackModel.Revision {
        let cluster = try await load()
        view.start(with: cluster)
        report(cluster.malformed)
        return cluster.revision
    }

    /// Lists until etcd answers.
    private func load() async throws -> Cluster {
        while true {
            do {
                let cluster = try await store.load()
                logger.info(
                    "records listed",
                    metadata: [
                        "revision": "\(cluster.revision)", "vms": "\(cluster.desiredVMs.count)",
                    ])
                return cluster
            } catch let error as EtcdError where error.isRetriable {
                logger.warning("cannot list records, trying again", metadata: ["error": "\(error)"])
                try await clock.sleep(for: Self.retryAfter)
            }
        }
    }

    /// Where another cluster answers, nothing of what it says concerns this node.
    private func followKnownCluster(after revision: MetaStackModel.Revision) async throws {
        do {
            var revision = revision
            while true {
                try await followUntilReturn(after: revision)
                revision = view.cluster.revision
            }
        } catch let error as EtcdError
            where error.code == .clusterChanged || error.code == .futureRevision
        {
            view.freeze(error.description, logger: logger)
            while true { try await clock.sleep(for: Self.comparisonInterval) }
        }
    }

    /// Follows until etcd has answered again after a gap: the watch's connection may be one that
    /// nothing comes through any more, and would be silent for long.
    private func followUntilReturn(after revision: MetaStackModel.Revision) async throws {
        let rings = view.contactBell.rings
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await follow(after: revision) }
            group.addTask { try await view.contactBell.heard(since: rings) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func follow(after revision: MetaStackModel.Revision) async throws {
        for try await change in store.changes(after: revision) {
            let (time, now) = (clock.timestamp, clock.now)
            let (changed, malformed) = view.change { state in
                let known = state.cluster.malformed
                let changed = state.apply(change, at: time, now: now)
                return (changed, state.cluster.malformed.filter { known[$0.key] != $0.value })
            }
            report(malformed)
            if let changed {
                router.changed(changed)
            } else {
                logger.info("records listed again, the watch's revision was compacted")
                router.everythingChanged()
            }
        }
    }

    private func report(_ malformed: [String: MalformedRecord]) {
        for record in malformed.values {
            logger.error(
                "record is malformed", metadata: ["record": "\(record.path)", "error": "\(record)"])
        }
    }

    private func compareNowAndThen() async throws {
        while true {
            try await clock.sleep(
                for: Self.comparisonInterval + random.jitter(upTo: .seconds(60)))
            await witnesses.refresh()
            guard !view.isFrozen else { continue }
            let listed = try await load()
            let differs = view.change { state in
                // An older answer than the watch's state says nothing.
                guard listed.revision >= state.cluster.revision else { return false }
                // What is known has its place in memory, and a ledger.
                guard !listed.hasSameRecords(as: state.cluster) else { return false }
                state.take(listed)
                return true
            }
            if differs {
                logger.warning("the full comparison found changes that the watch had missed")
                router.everythingChanged()
            }
        }
    }
}

extension Cluster {
    fileprivate func hasSameRecords(as other: Cluster) -> Bool {
        var other = other
        other.revision = revision
        return self == other
    }
}
