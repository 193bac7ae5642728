import Etcd
import struct Foundation.Data
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

struct PartialLoadTests {
    private static let waiting = VMID(unchecked: "waiting")
    private static let gone = VMID(unchecked: "gone")

    private func volume(of vm: VMID) throws -> Volume {
        Volume(
            pool: PoolName(unchecked: "vms"), image: "\(vm).1", vm: vm,
            vmCreateRevision: MetaStackModel.Revision(1))
    }

    private func history() -> VMHistory {
        VMHistory(
            vmCreateRevision: MetaStackModel.Revision(1), host: me,
            incarnation: MetaStackModel.Revision(1))
    }

    /// One VM that runs, with everything that a VM has.
    private func fill(_ store: ClusterStore) async throws {
        try await store.put(.desiredVM(web), DesiredVM.example())
        try await store.put(.actualVM(web), ActualVM.example(by: me, .running))
        try await store.put(.volume(VolumeID(vm: web)), try volume(of: web))
        try await store.put(.history(web), history())
        try await store.put(.host(me), Host.example())
        _ = try await store.client.put(Key("/one/desired_vms/bad"), Data("nonsense".utf8))
    }

    @Test func everythingIsWhatAWholeLoadGives() async throws {
        try await withStore { store in
            try await fill(store)
            #expect(try await store.load(.everything) == store.load())
        }
    }

    @Test func foldersComeByThemselves() async throws {
        try await withStore { store in
            try await fill(store)
            let whole = try await store.load()
            let part = try await store.load(.folders([.hosts, .history]))
            #expect(part.hosts == whole.hosts && part.histories == whole.histories)
            #expect(part.desiredVMs.isEmpty && part.volumes.isEmpty && part.malformed.isEmpty)
            #expect(part.revision == whole.revision)
        }
    }

    @Test func vmsThatRunNeedNeitherVolumesNorHistories() async throws {
        try await withStore { store in
            try await fill(store)
            let whole = try await store.load()
            let part = try await store.load(.vmStates)
            #expect(part.desiredVMs == whole.desiredVMs && part.actualVMs == whole.actualVMs)
            #expect(part.malformed == whole.malformed && !part.malformed.isEmpty)
            #expect(part.volumes.isEmpty && part.histories.isEmpty)
        }
    }

    @Test func aVMThatNobodyOwnsBringsWhatSaysWhy() async throws {
        try await withStore { store in
            try await fill(store)
            try await store.put(.desiredVM(Self.waiting), DesiredVM.example("waiting"))
            try await store.put(.history(Self.waiting), history())
            try await store.put(.volume(VolumeID(vm: Self.waiting)), try volume(of: Self.waiting))
            let whole = try await store.load()
            let part = try await store.load(.vmStates)
            #expect(part.histories[Self.waiting] == whole.histories[Self.waiting])
            #expect(part.volumes[Self.waiting] == whole.volumes[Self.waiting])
            #expect(Set(part.histories.keys) == [Self.waiting])
            #expect(Set(part.volumes.keys) == [Self.waiting])
        }
    }

    @Test func aVolumeThatIsLeftOfAVMIsThere() async throws {
        try await withStore { store in
            try await fill(store)
            try await store.put(.volume(VolumeID(vm: Self.gone)), try volume(of: Self.gone))
            let part = try await store.load(.vmStates)
            #expect(part.volumes[Self.gone]?.count == 1)
            #expect(part.histories.isEmpty)
        }
    }

    /// What thousands of others have is not read to be thrown away.
    @Test func aVMThatNobodyHasRunYetReadsNoOthersVolumesAndHistories() async throws {
        try await EtcdServer.run { server in
            try await server.withClient { client in
                let etcd = Listening(etcd: client, client: client)
                let store = ClusterStore(client: etcd, prefix: "/one/")
                try await fill(store)
                try await store.put(.desiredVM(Self.waiting), DesiredVM.example("waiting"))
                let whole = try await store.load()
                let part = try await store.load(.vmStates)
                #expect(part.desiredVMs == whole.desiredVMs)
                #expect(part.volumes.isEmpty && part.histories.isEmpty)
                #expect(etcd.read("/one/desired_vms"))
                #expect(!etcd.read("/one/volumes") && !etcd.read("/one/vm_history"))
                try await store.put(
                    .volume(VolumeID(vm: Self.waiting)), try volume(of: Self.waiting))
                #expect(try await store.load(.vmStates).volumes.count == 1)
                #expect(etcd.read("/one/volumes") && !etcd.read("/one/vm_history"))
                try await store.put(.history(Self.waiting), history())
                #expect(try await store.load(.vmStates).histories.count == 1)
                #expect(etcd.read("/one/vm_history"))
            }
        }
    }
}

/// Knows which folders' records have been read, more than their keys.
private struct Listening: EtcdDecorator, BulkReads {
    private final class Ranges: Sendable {
        let read = Mutex<Set<KeyRange>>([])
    }

    let etcd: any EtcdCalls
    let client: EtcdClient
    private let ranges = Ranges()

    init(etcd: any EtcdCalls, client: EtcdClient) {
        self.etcd = etcd
        self.client = client
    }

    func read(_ folder: String) -> Bool {
        ranges.read.withLock { $0.contains(.children(of: Key(folder))) }
    }

    func bulk(
        _ range: KeyRange, at revision: Etcd.Revision?, keysOnly: Bool
    ) async throws -> Listing {
        if !keysOnly { ranges.read.withLock { _ = $0.insert(range) } }
        return try await client.bulk(range, at: revision, keysOnly: keysOnly)
    }
}
