import Etcd
import struct Foundation.Data
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

struct ExaminationTests {
    @Test func aRealEtcdTellsHowItIs() async throws {
        try await EtcdServer.run(quota: 50 << 20) { server in
            try await server.withClient { client in
                let store = ClusterStore(client: client, prefix: "/one")
                let (lease, ttl) = try await store.grantLease(ttl: .seconds(60))
                let ended = LeaseNumber(7)
                let condition = try #require(await store.examineEtcd(leases: [lease, ended]))
                let word = try #require(condition.voices.first?.word)
                #expect(condition.voices.map(\.url) == [server.clientURL])
                #expect(condition.members?.map(\.id) == [word.member])
                #expect(word.leader == word.member && !word.version.isEmpty)
                #expect(word.quota == 50 << 20 && word.size > 0)
                // It runs on this machine.
                #expect(word.clockOffset == .zero)
                #expect(condition.asksForName == false && condition.alarms.isEmpty)
                #expect(condition.leases[lease.number]?.granted == ttl)
                #expect(condition.leases[ended.number]?.remaining == nil)
                #expect(condition.leases[ended.number] != nil)
                #expect(condition.revision == 1)
            }
        }
    }

    @Test func aFullEtcdHasRaisedAnAlarm() async throws {
        try await EtcdServer.run(quota: 16 << 20) { server in
            try await server.withClient { client in
                let value = Data(repeating: 0x61, count: 1 << 20)
                let error = try await #require(throws: EtcdError.self) {
                    for _ in 1...40 { try await client.put(Key("/filler"), value) }
                }
                #expect(error.code == .noSpace)
                let store = ClusterStore(client: client, prefix: "/one")
                let condition = try #require(await store.examineEtcd())
                #expect(
                    condition.alarms == [
                        .init(
                            member: condition.voices.first?.word?.member ?? 0, kind: "NOSPACE")
                    ])
            }
        }
    }
}
