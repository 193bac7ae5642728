import Foundation
import Testing

@testable import Etcd

@Suite(.timeLimit(.minutes(3))) struct BulkTests {
    @Test func readsAsTheGatewayDoes() async throws {
        try await withEtcd { _, etcd in
            let lease = try await etcd.grantLease(ttl: .seconds(60))
            for number in 0..<300 {
                try await etcd.put(
                    Key("a/\(number)"), Data("value \(number)".utf8),
                    lease: number % 2 == 0 ? lease.id : nil)
            }
            try await etcd.put(Key("a/7"), Data([0, 0xff]))
            try await etcd.put(Key("a/8"), Data())
            try await etcd.put(Key("b"), Data("other"))
            let range = KeyRange.children(of: Key("a"))
            let expected = try await etcd.list(range)
            let found = try await etcd.bulk(range, at: nil, keysOnly: false)
            #expect(found.keyValues == expected.keyValues)
            #expect(found.keyValues.count == 300)
            #expect(found.revision == expected.revision)
            #expect(found.header.clusterID == expected.header.clusterID)
            let direct = await etcd.rangeByGRPC(RangeRequest(range))
            #expect(direct?.keyValues == expected.keyValues)
            let keys = try await etcd.bulk(range, at: nil, keysOnly: true)
            #expect(keys.keyValues.map(\.key) == expected.keyValues.map(\.key))
            #expect(keys.keyValues.allSatisfy { $0.value.isEmpty })
        }
    }

    @Test func readsPageByPage() async throws {
        try await withEtcd { _, etcd in
            for start in stride(from: 0, to: 2500, by: 100) {
                let puts = (start..<start + 100).map {
                    Operation.put(Key("a/\($0)"), Data("value \($0)".utf8))
                }
                _ = try await etcd.transact(Transaction(if: [], then: puts))
            }
            let range = KeyRange.children(of: Key("a"))
            let expected = try await etcd.list(range)
            var pages: [[KeyValue]] = []
            let revision = try await etcd.list(range) { pages.append($0) }
            #expect(pages.map(\.count) == [1000, 1000, 500])
            #expect(pages.flatMap(\.self) == expected.keyValues)
            #expect(revision == expected.revision)
        }
    }

    @Test func readsThePast() async throws {
        try await withEtcd { _, etcd in
            let first = try await etcd.put(Key("a"), Data("one"))
            try await etcd.put(Key("a"), Data("two"))
            try await etcd.put(Key("b"), Data("three"))
            let past = try await etcd.bulk(.all, at: first, keysOnly: false)
            #expect(past.keyValues.map(\.value) == [Data("one")])
            #expect(past.revision == first)
        }
    }

    @Test func anErrorIsToldInTheGatewaysWords() async throws {
        try await withEtcd { _, etcd in
            let first = try await etcd.put(Key("a"), Data("one"))
            let second = try await etcd.put(Key("a"), Data("two"))
            try await etcd.compact(before: second)
            let error = await #expect(throws: EtcdError.self) {
                try await etcd.bulk(.all, at: first, keysOnly: false)
            }
            #expect(error?.code == .compacted)
        }
    }
}
