import Etcd
import struct Foundation.Data
import MetaStackModel
import MetaStackStore
import MetaStackTesting
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
}
