import MetaStackModel
import MetaStackStore
import Synchronization

@testable import MetaStackCommands
@testable import MetaStackManagement

/// A store in memory that keeps etcd's rules: one revision a transaction, all of it or nothing.
///
/// `later` are the states that a watch shows after the first write, in order; then it stays silent
/// until its task is cancelled, as a watch does.
final class FakeAccess: ClusterAccess {
    private struct State {
        var cluster: Cluster
        var writes: [RecordWrite] = []
    }

    private let state: Mutex<State>
    private let later: [@Sendable (inout Cluster) -> Void]
    /// Does what a rival does between the load and the write.
    private let rival: (@Sendable (inout Cluster) -> Void)?
    /// Whether the watch breaks after the last of the states, as when its user has seen enough.
    private let ends: Bool

    init(
        _ cluster: Cluster, later: [@Sendable (inout Cluster) -> Void] = [],
        rival: (@Sendable (inout Cluster) -> Void)? = nil, ends: Bool = false
    ) {
        state = Mutex(State(cluster: cluster))
        self.later = later
        self.rival = rival
        self.ends = ends
    }

    var cluster: Cluster { state.withLock(\.cluster) }
    var writeCount: Int { state.withLock { $0.writes.count } }

    func load() async throws -> Cluster { cluster }

    func write(
        _ writes: [RecordWrite], if conditions: [RecordCondition]
    ) async throws -> WriteResult {
        try state.withLock { state in
            rival?(&state.cluster)
            guard conditions.allSatisfy({ holds($0, in: state.cluster) }) else { return .conflict }
            let revision = Revision(state.cluster.revision.number + 1)
            for write in writes { try apply(write, at: revision, to: &state.cluster) }
            state.writes += writes
            return .written(revision)
        }
    }

    func follow(
        _ cluster: Cluster, until isEnough: @Sendable (Cluster) throws -> Bool
    ) async throws {
        if try isEnough(self.cluster) { return }
        for change in later {
            let next = state.withLock { state in
                state.cluster.revision = Revision(state.cluster.revision.number + 1)
                change(&state.cluster)
                return state.cluster
            }
            if try isEnough(next) { return }
        }
        if ends { return }
        try await Task.sleep(for: .seconds(3600))
    }

    func followChanges(
        after revision: Revision, until isEnough: @Sendable (ClusterChange) throws -> Bool
    ) async throws {
        try await follow(cluster) { try isEnough(.reloaded($0)) }
    }

    /// etcd itself cannot be asked.
    func diagnosis(at now: Timestamp) async throws -> Diagnosis {
        Diagnosis(Patient(cluster: cluster, etcd: nil, now: now))
    }

    /// Its past is what the records note themselves, and the states that are still to come.
    func eventLog() async throws -> EventLog {
        var next = cluster
        for change in later {
            next.revision = Revision(next.revision.number + 1)
            change(&next)
        }
        return EventLog(
            ClusterPast(
                base: cluster, changes: cluster.changes(to: next), revision: next.revision))
    }

    private func holds(_ condition: RecordCondition, in cluster: Cluster) -> Bool {
        switch condition {
        case .absent(let key): revisions(key, cluster) == nil
        case .exists(let key):
            revisions(key, cluster) != nil || cluster.malformed[key.path] != nil
        case .unchanged(let key, let revision): revisions(key, cluster)?.change == revision
        case .underLease: false
        }
    }

    private func revisions(
        _ key: RecordKey, _ cluster: Cluster
    ) -> (change: Revision, creation: Revision)? {
        switch key {
        case TakeoverSwitch.key:
            cluster.takeoverSwitch.map { ($0.revision, $0.createRevision) }
        case .desiredVM(let id):
            cluster.desiredVMs[id].map { ($0.revision, $0.createRevision) }
        case .image(let id): cluster.images[id].map { ($0.revision, $0.createRevision) }
        case .flavour(let id): cluster.flavours[id].map { ($0.revision, $0.createRevision) }
        case .sshKey(let id): cluster.sshKeys[id].map { ($0.revision, $0.createRevision) }
        case .network(let id): cluster.networks[id].map { ($0.revision, $0.createRevision) }
        case .securityGroup(let id):
            cluster.securityGroups[id].map { ($0.revision, $0.createRevision) }
        case .desiredHost(let id):
            cluster.desiredHosts[id].map { ($0.revision, $0.createRevision) }
        case .globalConfig("rebalance"):
            cluster.rebalancePolicy.map { ($0.revision, $0.createRevision) }
        case SyslogServer.key: cluster.syslogServer.map { ($0.revision, $0.createRevision) }
        case .globalConfig(let name):
            cluster.globalConfig[name].map { ($0.revision, $0.createRevision) }
        case .actualVM, .host, .volume, .history, .decline,
            .actualImage, .arrival, .token, .address:
            nil
        }
    }

    private func apply(
        _ write: RecordWrite, at revision: Revision, to cluster: inout Cluster
    ) throws {
        switch write {
        case .put(let key, let record, lease: _):
            let created = revisions(key, cluster)?.creation ?? revision
            cluster.apply(
                RawRecord(
                    path: key.path, json: try record.json(), revision: revision,
                    createRevision: created))
        case .delete(let key):
            cluster.apply(
                RawRecord(
                    path: key.path, json: nil, revision: revision, createRevision: revision))
        case .deleteDeclines: break
        }
    }
}

/// Keeps what a command writes, and types what a person would.
final class FakeScreen: Sendable {
    private let texts = Mutex((output: "", errors: ""))
    private let answers: Mutex<[String]>
    private let hasPerson: Bool

    /// - Parameter answers: the lines of whoever is asked; nil where nobody is there.
    init(answers: [String]? = nil) {
        self.answers = Mutex(answers ?? [])
        hasPerson = answers != nil
    }

    var output: String { texts.withLock(\.output) }
    var errors: String { texts.withLock(\.errors) }

    func screen(isTerminal: Bool) -> Screen {
        let question: @Sendable () -> String? = { self.answer() }
        return Screen(
            output: { text in self.texts.withLock { $0.output += text } },
            errors: { text in self.texts.withLock { $0.errors += text } },
            isTerminal: isTerminal, question: hasPerson ? question : nil)
    }

    private func answer() -> String? {
        answers.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    }
}
