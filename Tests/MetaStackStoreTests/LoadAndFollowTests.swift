import Etcd
import Foundation
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

struct LoadAndFollowTests {
    @Test func loadsWhatWasWritten() async throws {
        try await withStore { store in
            #expect(try await store.load().desiredVMs.isEmpty)
            let revision = try await store.put(.desiredVM(web), DesiredVM.example())
            let cluster = try await store.load()
            #expect(cluster.revision == revision)
            #expect(
                cluster.desiredVMs[web]
                    == Stored(.example(), revision: revision, createRevision: revision))
        }
    }

    @Test func loadsMoreThanOnePage() async throws {
        try await withStore { store in
            for batch in 0..<25 {
                let writes = (0..<100).map { number in
                    let vm = VMID(unchecked: "vm-\(batch)-\(number)")
                    return RecordWrite.put(.desiredVM(vm), DesiredVM.example())
                }
                #expect(try await store.write(writes, if: []) != .conflict)
            }
            #expect(try await store.load().desiredVMs.count == 2500)
        }
    }

    @Test func readsOneRecordAsItIs() async throws {
        try await withStore { store in
            #expect(try await store.read(.desiredVM(web)) == nil)
            let revision = try await store.put(.desiredVM(web), DesiredVM.example())
            let raw = try #require(try await store.read(.desiredVM(web)))
            #expect(raw.path == "desired_vms/web")
            #expect(raw.revision == revision)
        }
    }

    @Test func followsWhatChangesAfterTheList() async throws {
        try await withStore { store in
            try await store.put(.desiredVM(web), DesiredVM.example())
            let listed = try await store.load()
            // Before anybody listens: a change between the list and the watch is not lost.
            try await store.put(.desiredVM(web), DesiredVM.example("web", .stop))
            _ = try await store.write([.delete(.desiredVM(web))], if: [])
            let last = try await store.put(.host(me), Host.example())
            var states: [DesiredVM.State?] = []
            for try await update in store.follow(listed) {
                #expect(!update.reloaded)
                if update.changed.contains(.desiredVM(web)) {
                    states.append(update.cluster.desiredVMs[web]?.value.state)
                }
                if update.cluster.revision >= last { break }
            }
            #expect(states.last == .some(nil))
            #expect(try await store.load().hosts.count == 1)
        }
    }

    @Test func aMalformedRecordIsNotedAndOthersAreServed() async throws {
        try await withStore { store in
            _ = try await store.client.put(Key("/one/desired_vms/bad"), Data("{".utf8))
            try await store.put(.desiredVM(web), DesiredVM.example())
            let cluster = try await store.load()
            #expect(cluster.malformed.keys.sorted() == ["desired_vms/bad"])
            #expect(cluster.desiredVMs.count == 1)
        }
    }

    @Test func listsAgainWhereTheWatchsRevisionWasCompacted() async throws {
        try await withStore { store in
            let known = try await store.load()
            try await store.put(.desiredVM(web), DesiredVM.example())
            let last = try await store.put(.desiredVM(web), DesiredVM.example("web", .stop))
            try await store.client.compact(before: .init(rawValue: last.number))
            var feed = store.follow(known).makeAsyncIterator()
            let first = try #require(try await feed.next())
            #expect(first.reloaded)
            #expect(first.cluster.desiredVMs[web]?.value.state == .stop)
            let next = try await store.put(.host(me), Host.example())
            let second = try #require(try await feed.next())
            #expect(!second.reloaded)
            #expect(second.cluster.revision == next)
            #expect(second.changed == [.host(me)])
        }
    }

    @Test func deploymentsDoNotSeeEachOther() async throws {
        try await withStore { one in
            // A prefix that the other one begins with, and one that ends where it goes on.
            for prefix in ["/one/two", "/onetwo", "/on"] {
                let other = ClusterStore(client: one.client, prefix: prefix)
                try await other.put(.desiredVM(web), DesiredVM.example())
                #expect(try await one.load().desiredVMs.isEmpty)
                #expect(try await one.load().malformed.isEmpty)
                #expect(try await other.load().desiredVMs.count == 1)
            }
        }
    }
}
