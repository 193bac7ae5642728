import Curl
import Foundation
import Testing

@testable import Etcd

struct CallerTests {
    private func request(mutates: Bool, left: Int) async throws -> CurlRequest {
        let configuration = EtcdConfiguration(
            endpoints: ["http://a:1", "http://b:1"], connectTimeout: .seconds(2))
        let caller = try Caller(configuration, logger: quiet)
        let call = try Call("kv/put", WireNothing(), mutates: mutates)
        let request = caller.request(
            for: call, at: caller.endpoints.all[0], token: "t", remaining: .seconds(3), left: left)
        await caller.curl.shutdown()
        return request
    }

    @Test func sendsAChangeOnceAndGivesItAllTheTime() async throws {
        let request = try await request(mutates: true, left: 2)
        #expect(!request.mayBeSentTwice)
        #expect(request.deadline == .seconds(3))
        #expect(request.connectTimeout == .milliseconds(300))
        #expect(request.headers["Authorization"] == "t")
    }

    @Test func leavesTimeOfAReadForTheNextEndpoint() async throws {
        #expect(try await request(mutates: false, left: 2).mayBeSentTwice)
        #expect(try await request(mutates: false, left: 2).deadline == .milliseconds(1500))
        #expect(try await request(mutates: false, left: 1).deadline == .seconds(3))
    }
}
