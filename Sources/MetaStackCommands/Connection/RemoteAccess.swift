import Curl
import Foundation
import MetaStackManagement
import MetaStackModel
import MetaStackStore

/// The way to the cluster through `metastack serve`: the same records and transactions, by its API.
///
/// The server compares, refuses and audits what is written; so nothing is logged here.
struct RemoteAccess: ClusterAccess {
    private static let retryAfter = Duration.milliseconds(500)

    let api: RemoteAPI

    func load() async throws -> Cluster {
        try Self.decoded(Wire.Records.self, try await api.get("/api/v1/records")).cluster
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
        var cluster = cluster
        while true {
            guard let events = try await open(after: cluster.revision) else { continue }
            // A stream that breaks is opened again where it broke: nothing is missed.
            while let event = try await next(of: events) {
                guard try await take(event, over: &cluster) else { continue }
                if try isEnough(cluster) { return }
            }
            try await Task.sleep(for: Self.retryAfter)
        }
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

    /// nil at the stream's end, whatever ended it.
    private func next(of events: EventStream) async throws -> EventStream.Event? {
        do {
            return try await events.next()
        } catch is CurlError {
            return nil
        }
    }

    /// Whether the event was about the cluster.
    private func take(_ event: EventStream.Event, over cluster: inout Cluster) async throws -> Bool
    {
        switch event.name {
        case "reload":
            cluster = try await load()
        case "records":
            let records = try Self.decoded(Wire.Records.self, Data(event.data.utf8))
            _ = cluster.apply(
                .records(records.records.map(\.raw), revision: Revision(records.revision)))
        default: return false
        }
        return true
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
