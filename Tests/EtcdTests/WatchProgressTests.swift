import Foundation
import Testing

@testable import Etcd

struct WatchProgressTests {
    private func endpoint() throws -> Endpoint { try Endpoint("http://h:1", tls: nil) }

    private func line(_ text: String) -> Data { Data(text.utf8) }

    @Test func goesOnBehindTheLastEventThoughTheStoreIsAhead() throws {
        var progress = WatchProgress(from: Revision(rawValue: 5))
        let step = try progress.observe(
            line(
                #"{"result":{"header":{"revision":"900"},"events":[{"kv":{"key":"YQ==","#
                    + #""mod_revision":"7"}}]}}"#), from: endpoint())
        guard case .deliver(let batch) = step else {
            Issue.record("no batch: \(step)")
            return
        }
        #expect(batch.revision == Revision(rawValue: 7))
        #expect(progress.next == Revision(rawValue: 8))
    }

    @Test func movesOnWithAProgressNotification() throws {
        var progress = WatchProgress(from: Revision(rawValue: 5))
        _ = try progress.observe(
            line(#"{"result":{"header":{"revision":"40"}}}"#), from: endpoint())
        #expect(progress.next == Revision(rawValue: 41))
    }

    @Test func beginsBehindTheRevisionThatEtcdNames() throws {
        var progress = WatchProgress(from: nil)
        _ = try progress.observe(
            line(#"{"result":{"header":{"revision":"40"},"created":true}}"#), from: endpoint())
        #expect(progress.next == Revision(rawValue: 41))
    }

    @Test func endsWhereAnotherClusterAnswers() throws {
        var progress = WatchProgress(from: nil)
        let target = try endpoint()
        _ = try progress.observe(
            line(#"{"result":{"header":{"cluster_id":"1","revision":"4"},"created":true}}"#),
            from: target)
        let error = #expect(throws: EtcdError.self) {
            try progress.observe(
                line(#"{"result":{"header":{"cluster_id":"2","revision":"4"},"created":true}}"#),
                from: target)
        }
        #expect(error?.code == .clusterChanged)
    }

    @Test func saysThatALineCannotBeRead() throws {
        var progress = WatchProgress(from: nil)
        let target = try endpoint()
        let error = #expect(throws: EtcdError.self) {
            try progress.observe(line("<html>"), from: target)
        }
        #expect(error?.code == .malformedAnswer)
    }
}
