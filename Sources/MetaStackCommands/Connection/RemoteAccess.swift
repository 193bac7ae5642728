import Curl
import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore
import Synchronization

/// The way to the cluster through `metastack serve`: the same records and transactions, by its API.
///
/// The server compares, refuses and audits what is written; so nothing is logged here.
struct RemoteAccess: ClusterAccess {
    private static let retryAfter = Duration.milliseconds(500)

    let api: RemoteAPI

    func load() async throws -> Cluster {
        try Self.decoded(Wire.Records.self, try await api.get("/api/v1/records")).cluster
    }

    func loadWithTokens() async throws -> Cluster {
        // The server refuses this one to whom it leaves tokens out of the records.
        _ = try await api.get("/api/v1/tokens")
        return try await load()
    }

    func write(
        _ writes: [RecordWrite], if conditions: [RecordCondition]
    ) async throws -> WriteResult {
        let transaction = try JSONEncoder().encode(Wire.Transaction(writes, if: conditions))
        let answer = try await api.post("/api/v1/transactions", transaction)
        return try Self.decoded(Wire.Outcome.self, answer).result
    }

    func follow(
        _ cluster: Cluster, until isEnough: @Sendable (Cluster) throws -> Bool
    ) async throws {
        let latest = Mutex(cluster)
        try await followChanges(after: cluster.revision) { change in
            let cluster = latest.withLock { cluster in
                _ = cluster.apply(change)
                return cluster
            }
            return try isEnough(cluster)
        }
    }

    func followChanges(
        after revision: Revision, until isEnough: @Sendable (ClusterChange) throws -> Bool
    ) async throws {
        var revision = revision
        while true {
            guard let events = try await open(after: revision) else { continue }
            // A stream that breaks is opened again where it broke: nothing is missed.
            while let change = try await change(of: events) {
                switch change {
                case .reloaded(let cluster): revision = cluster.revision
                case .records(_, let latest): revision = max(revision, latest)
                }
                if try isEnough(change) { return }
            }
            try await Task.sleep(for: Self.retryAfter)
        }
    }

    func eventLog() async throws -> EventLog {
        try Self.decoded(EventLog.self, try await api.get("/api/v1/changes"))
    }

    func diagnosis(at now: Timestamp) async throws -> Diagnosis {
        // The server looks, by its own clock: it has the way to etcd.
        try Self.decoded(Diagnosis.self, try await api.get("/api/v1/doctor"))
    }

    /// nil where the server is away, after a pause.
    private func open(after revision: Revision) async throws -> EventStream? {
        do {
            return EventStream(
                try await api.stream("/api/v1/records/changes?after=\(revision.number)"))
        } catch let failure as CommandFailure where failure.status == .unreachable {
            try await Task.sleep(for: Self.retryAfter)
            return nil
        }
    }

    /// The next change of the cluster; nil at the stream's end, whatever ended it, and where the server goes
    /// while everything is read anew.
    private func change(of events: EventStream) async throws -> ClusterChange? {
        do {
            while let event = try await events.next() {
                if let change = try await change(of: event) { return change }
            }
            return nil
        } catch is CurlError {
            return nil
        } catch let failure as CommandFailure where failure.status == .unreachable {
            return nil
        }
    }

    /// nil where the event is not about the cluster.
    private func change(of event: EventStream.Event) async throws -> ClusterChange? {
        switch event.name {
        case "reload": return .reloaded(try await load())
        case "records":
            let records = try Self.decoded(Wire.Records.self, Data(event.data.utf8))
            return .records(
                records.records.map(\.raw), revision: Revision(records.revision))
        default: return nil
        }
    }

    private static func decoded<Value: Decodable>(
        _ type: Value.Type, _ data: Data
    ) throws(CommandFailure) -> Value {
        do {
            return try JSONDecoder().decode(type, from: data)
        } catch {
            throw CommandFailure(
                .failed, "the server's answer cannot be read: is it another version of metastack?")
        }
    }
}
