import Etcd
import Foundation
import Testing

@Suite(.timeLimit(.minutes(3))) struct ReadWriteTests {
    @Test func readsWhatWasWritten() async throws {
        try await withEtcd { _, etcd in
            #expect(try await etcd.get(Key("none")) == nil)
            let first = try await etcd.put(Key("a"), Data("one"))
            let second = try await etcd.put(Key("a"), Data([0, 0xff, 10]))
            #expect(second == first.next)
            let read = try #require(try await etcd.get(Key("a")))
            #expect(read.value == Data([0, 0xff, 10]))
            #expect(read.createRevision == first)
            #expect(read.modRevision == second)
            #expect(read.version == 2)
            #expect(read.lease == nil)
        }
    }

    @Test func keepsAnEmptyValueAndAnyBytesInAKey() async throws {
        try await withEtcd { _, etcd in
            let key = Key(bytes: [0xff, 0, 0x22, 0xff])
            try await etcd.put(key, Data())
            let listing = try await etcd.list(.prefix(Key(bytes: [0xff])))
            #expect(listing.keyValues.map(\.key) == [key])
            #expect(listing.keyValues.first?.value == Data())
        }
    }

    @Test func deletesOneKeyOrARange() async throws {
        try await withEtcd { _, etcd in
            for name in ["a/1", "a/2", "a0", "b"] { try await etcd.put(Key(name), Data(name)) }
            #expect(try await etcd.delete(.key(Key("a"))).deleted == 0)
            #expect(try await etcd.delete(.children(of: Key("a"))).deleted == 2)
            let left = try await etcd.list(.all)
            #expect(left.keyValues.map(\.key.string) == ["a0", "b"])
            #expect(try await etcd.delete(.from(Key("b"), to: Key("a"))).deleted == 0)
            #expect(try await etcd.delete(.all).deleted == 2)
        }
    }

    @Test func obeysEveryOptionOfARange() async throws {
        try await withEtcd { _, etcd in
            var revisions: [Revision] = []
            for name in ["a", "b", "c"] {
                revisions.append(try await etcd.put(Key(name), Data(name)))
            }
            var request = RangeRequest(.all, limit: 2)
            request.sort = (.key, .descending)
            let page = try await etcd.range(request)
            #expect(page.keyValues.map(\.key.string) == ["c", "b"])
            #expect(page.hasMore && page.count == 3)

            let past = try await etcd.range(RangeRequest(.all, revision: revisions[0]))
            #expect(past.keyValues.map(\.key.string) == ["a"])

            var counting = RangeRequest(.all)
            counting.countOnly = true
            let count = try await etcd.range(counting)
            #expect(count.count == 3 && count.keyValues.isEmpty)

            var newer = RangeRequest(.all)
            newer.minModRevision = revisions[1]
            newer.keysOnly = true
            newer.serializable = true
            let late = try await etcd.range(newer).keyValues
            #expect(late.map(\.key.string) == ["b", "c"])
            #expect(late.map(\.value) == [Data(), Data()])
        }
    }

    @Test func listsTenThousandKeysAtOneRevision() async throws {
        try await withEtcd { _, etcd in
            let prefix = Key("/load")
            let value = Data(repeating: 0x61, count: 500)
            try await fill(prefix, count: 10_000, value: value, etcd)
            let started = ContinuousClock.now
            let listing = try await etcd.list(.children(of: prefix))
            let took = ContinuousClock.now - started
            #expect(listing.keyValues.count == 10_000)
            #expect(listing.keyValues.map(\.key) == listing.keyValues.map(\.key).sorted())
            #expect(listing.keyValues.allSatisfy { $0.value == value })
            #expect(took < .seconds(5), "measured \(took), which says the pages are read badly")

            try await etcd.delete(.children(of: prefix))
            let past = try await etcd.list(
                .children(of: prefix), pageSize: 777, at: listing.revision, keysOnly: true)
            #expect(past.keyValues.count == 10_000, "an old revision does not change")
            #expect(past.keyValues.first?.value == Data())
        }
    }

    @Test func listsEveryPageAtOneRevisionWhileOthersWrite() async throws {
        try await withEtcd { _, etcd in
            func write(_ text: String) async throws {
                let puts = ["a", "b", "c"].map { Operation.put(Key($0), Data(text)) }
                _ = try await etcd.transact(Transaction(if: [], then: puts))
            }
            try await write("first")
            let writer = Task {
                var round = 0
                while !Task.isCancelled {
                    try await write("\(round)")
                    round += 1
                }
            }
            for _ in 0..<50 {
                let values = try await etcd.list(.all, pageSize: 1).keyValues.map(\.value)
                #expect(values.count == 3 && Set(values).count == 1)
            }
            writer.cancel()
            _ = await writer.result
        }
    }

    private func fill(_ prefix: Key, count: Int, value: Data, _ etcd: EtcdClient) async throws {
        for start in stride(from: 0, to: count, by: 100) {
            let puts = (start..<start + 100).map { number in
                Operation.put(prefix.appending("vm-\(100_000 + number)"), value)
            }
            #expect(try await etcd.transact(Transaction(if: [], then: puts)).succeeded)
        }
    }
}
