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

    private func lines(_ texts: String...) -> LineFramer {
        var framer = LineFramer()
        for text in texts { framer.append(Data((text + "\n").utf8)) }
        return framer
    }

    private func put(_ key: String, at revision: Int) -> String {
        let key = Data(key.utf8).base64EncodedString()
        return #"{"result":{"header":{"revision":"900"},"events":[{"kv":{"key":"\#(key)","#
            + #""mod_revision":"\#(revision)"}}]}}"#
    }

    @Test func handsOverAllThatHasArrivedAsOneBatch() throws {
        var progress = WatchProgress(from: Revision(rawValue: 5))
        var lines = lines(put("a", at: 7), put("b", at: 8), put("a", at: 9))
        lines.append(Data(#"{"result":{"he"#.utf8))
        let arrived = try progress.observe(&lines, from: endpoint())
        #expect(arrived.batch?.events.map(\.key) == [Key("a"), Key("b"), Key("a")])
        #expect(arrived.batch?.revision == Revision(rawValue: 9))
        #expect(progress.next == Revision(rawValue: 10))
        let more = try progress.observe(&lines, from: endpoint())
        #expect(more.batch == nil, "half a line is nothing yet")
    }

    @Test func handsChangesOverBeforeTheErrorBehindThem() throws {
        var progress = WatchProgress(from: Revision(rawValue: 5))
        let compacted = #"{"result":{"canceled":true,"compact_revision":"8"}}"#
        var lines = lines(put("a", at: 7), compacted, put("b", at: 9))
        let arrived = try progress.observe(&lines, from: endpoint())
        #expect(arrived.batch?.revision == Revision(rawValue: 7))
        let target = try endpoint()
        let error = #expect(throws: EtcdError.self) {
            try progress.observe(&lines, from: target)
        }
        #expect(error?.code == .compacted)
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
