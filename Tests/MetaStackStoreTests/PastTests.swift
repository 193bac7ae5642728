import Etcd
import struct Foundation.Data
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Testing

struct PastTests {
    /// Each change as `path`, with a minus before one that was deleted.
    private func paths(_ past: ClusterPast) -> [String] {
        past.changes.map { ($0.json == nil ? "-" : "") + $0.path }
    }

    @Test func itHasEveryChangeInOrderAlsoOfWhatIsGone() async throws {
        try await withStore { store in
            try await store.put(.desiredVM(web), DesiredVM.example())
            try await store.put(.host(me), Host.example())
            // Nothing of this is left at the end.
            try await store.put(.actualVM(web), ActualVM.example())
            _ = try await store.write([.delete(.actualVM(web))], if: [])
            let past = try await store.past()
            #expect(
                paths(past) == [
                    "desired_vms/web", "hosts/a", "actual_vms/web", "-actual_vms/web",
                ])
            #expect(past.base == Cluster(revision: .init(1)))
            var end = past.base
            for change in past.changes { end.apply(change) }
            #expect(end == (try await store.load()))
        }
    }

    @Test func itBeginsWithTheStateAtTheLastCompaction() async throws {
        try await withStore { store in
            try await store.put(.desiredVM(web), DesiredVM.example())
            let before = try await store.put(.desiredVM(web), DesiredVM.example("web", .stop))
            let kept = try await store.load()
            try await store.put(.host(me), Host.example())
            _ = try await store.write([.delete(.desiredVM(web))], if: [])
            try await store.client.compact(before: Etcd.Revision(rawValue: before.number))
            let past = try await store.past()
            #expect(past.base == kept)
            #expect(paths(past) == ["hosts/a", "-desired_vms/web"])
        }
    }

    @Test func aCompactionOfEverythingLeavesTheStateAndNoChange() async throws {
        try await withStore { store in
            try await store.put(.desiredVM(web), DesiredVM.example())
            let last = try await store.put(.host(me), Host.example())
            try await store.client.compact(before: Etcd.Revision(rawValue: last.number))
            let past = try await store.past()
            #expect(past.changes.isEmpty)
            #expect(past.base == (try await store.load()))
        }
    }

    @Test func anEmptyEtcdHasNoPastAndOthersKeysAreNotOurs() async throws {
        try await withStore { store in
            #expect(try await store.past().changes.isEmpty)
            _ = try await store.client.put(Key("/other/desired_vms/x"), Data("{}".utf8))
            #expect(try await store.past().changes.isEmpty)
        }
    }

    @Test func aLongPastComesWhole() async throws {
        try await withStore { store in
            // etcd hands out at most 1000 revisions at a time.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for number in 1...1200 {
                    let vm = VMID(unchecked: "v\(number % 50)")
                    group.addTask {
                        try await store.put(.desiredVM(vm), DesiredVM.example("x\(number)"))
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await store.past().changes.count == 1200)
        }
    }

    @Test func whatEtcdKeepsBackHoldsUpNobody() async throws {
        try await EtcdServer.run { server in
            try await server.withClient { client in
                let etcd = Forgetful(etcd: client, client: client)
                let store = ClusterStore(
                    client: etcd, prefix: "/one",
                    pause: { _ in try await Task.sleep(for: .milliseconds(50)) })
                try await store.put(.host(me), Host.example())
                try await store.put(.desiredVM(web), DesiredVM.example())
                _ = try await store.write([.delete(.desiredVM(web))], if: [])
                #expect(paths(try await store.past()) == ["hosts/a", "desired_vms/web"])
            }
        }
    }
}

/// An etcd whose watches keep deletions back.
private struct Forgetful: EtcdDecorator, BulkReads {
    struct Reader: WatchReader {
        var reader: any WatchReader

        mutating func next() async throws -> WatchBatch? {
            while var batch = try await reader.next() {
                batch.events.removeAll { if case .delete = $0 { true } else { false } }
                guard let last = batch.events.last else { continue }
                batch.revision = last.revision
                return batch
            }
            return nil
        }
    }

    let etcd: any EtcdCalls
    let client: EtcdClient

    func bulk(
        _ range: KeyRange, at revision: Etcd.Revision?, keysOnly: Bool
    ) async throws -> Listing {
        try await client.bulk(range, at: revision, keysOnly: keysOnly)
    }

    func reader(_ range: KeyRange, from: Etcd.Revision?) -> any WatchReader {
        Reader(reader: client.reader(range, from: from))
    }
}
