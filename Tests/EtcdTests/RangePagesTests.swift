import Foundation
import Testing

@testable import Etcd

struct RangePagesTests {
    private func page(_ keys: [String], of count: Int64, hasMore: Bool) -> RangeResponse {
        RangeResponse(
            header: ResponseHeader(
                clusterID: 1, memberID: 1, revision: Revision(rawValue: 40), raftTerm: 1),
            keyValues: keys.map {
                KeyValue(
                    key: Key($0), value: Data(), createRevision: Revision(rawValue: 1),
                    modRevision: Revision(rawValue: 1), version: 1)
            }, hasMore: hasMore, count: count)
    }

    @Test func readsOnBehindTheLastKeyAtTheFirstPagesRevision() {
        var pages = RangePages(.children(of: Key("a")), pageSize: 2)
        #expect(pages.request.revision == nil)
        pages.take(page(["a/1", "a/2"], of: 3, hasMore: true))
        #expect(pages.hasMore)
        #expect(pages.request.range.first == Key("a/2").successor)
        #expect(pages.request.revision == Revision(rawValue: 40))
        pages.take(page(["a/3"], of: 1, hasMore: false))
        #expect(!pages.hasMore)
    }

    @Test func readsAGreatManyKeysInFewPages() {
        var pages = RangePages(.all)
        #expect(pages.request.limit == 1000)
        pages.take(page(["a"], of: 60_000, hasMore: true))
        #expect(pages.request.limit == 3000)
        pages.take(page(["b"], of: 900_000, hasMore: true))
        #expect(pages.request.limit == 10_000)
    }
}
