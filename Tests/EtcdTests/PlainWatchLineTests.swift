import Foundation
import Testing

@testable import Etcd

struct PlainWatchLineTests {
    private static let header =
        #""header":{"cluster_id":"14841639068965178418","member_id":"1","revision":"-9","#
        + #""raft_term":"2"}"#
    private static let whole =
        #"{"result":{\#(header),"events":[{"kv":{"key":"L2EvYg==","create_revision":"5","#
        + #""mod_revision":"7","version":"2","value":"eyJhIjoxfQ==","lease":"7587870"}},"#
        + #"{"type":"DELETE","kv":{"key":"YQ==","mod_revision":"8"},"prev_kv":{"key":"YQ==","#
        + #""value":"","version":"1"}}]}}"#

    /// What Foundation reads of a line.
    private func expected(_ line: String) throws -> WireWatchResult? {
        try JSONDecoder().decode(WireLine<WireWatchResult>.self, from: Data(line.utf8)).result
    }

    @Test(arguments: [
        whole, #"{"result":{\#(header),"created":true}}"#, #"{"result":{\#(header)}}"#,
    ])
    func readsAsFoundationDoes(_ line: String) throws {
        let expected = try expected(line)
        let found = try #require(PlainWatchLine.result(of: Data(line.utf8)))
        #expect(found.header?.header == expected?.header?.header)
        #expect(found.created == expected?.created)
        let events = (found.events ?? []).map { [$0.kv?.keyValue, $0.prev_kv?.keyValue] }
        #expect(
            events == (expected?.events ?? []).map { [$0.kv?.keyValue, $0.prev_kv?.keyValue] })
        #expect(found.events?.map(\.type) == expected?.events?.map(\.type))
    }

    @Test(arguments: [
        #"{"error":{"message":"no"}}"#, #"{"result":{"canceled":true}}"#, "{}", #"{"result":{}}"#,
        #"{"result":{"created":false}}"#, #"{"result":{"header":{"revision":7}}}"#,
        #"{"result":{"events":[]}}"#, #"{"result":{"events":[{"kv":{"key":"!"}}]}}"#,
        #"{"result":{"events":[{"kv":{"key":"\u0061"}}]}}"#, #"{ "result":{"created":true}}"#,
        #"{"result":{"created":true}} "#, #"{"result":{"header":{"revision":"x"}}}"#, "<html>", "",
    ])
    func leavesAllElseToFoundation(_ line: String) {
        #expect(PlainWatchLine.result(of: Data(line.utf8)) == nil)
    }

    @Test func readsNoLineThatIsCutOff() {
        let line = Data(Self.whole.utf8)
        for length in 0..<line.count {
            #expect(PlainWatchLine.result(of: line.prefix(length)) == nil, "\(length) bytes")
        }
    }
}
