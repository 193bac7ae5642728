import Ceph
import Foundation
import Synchronization
import Testing

@Suite struct ImageTests {
    @Test func createsDescribesGrowsRenamesAndRemoves() async throws {
        try await withPools { _, vms, _ in
            let image = uniqueName("disk")
            try await vms.create(image, size: 12 << 20)
            let found = try await vms.information(image)
            #expect(found.size == 12 << 20)
            #expect(found.objectSize == 4 << 20)
            #expect(found.features.isSuperset(of: [.layering, .exclusiveLock, .objectMap]))
            #expect(found.parent == nil)
            await expect(.exists) { try await vms.create(image, size: 1 << 20) }
            try await vms.resize(image, to: 20 << 20)
            #expect(try await vms.information(image).size == 20 << 20)
            try await vms.rename(image, to: image + "-new")
            #expect(try await !vms.imageExists(image))
            #expect(try await vms.images().contains(image + "-new"))
            let parts = Mutex<[Double]>([])
            try await vms.remove(image + "-new") { part in parts.withLock { $0.append(part) } }
            #expect(parts.withLock { $0.last } == 1)
            #expect(try await !vms.imageExists(image + "-new"))
            await expect(.notFound) { try await vms.remove(image + "-new") }
        }
    }

    @Test func listsMoreImagesThanOneAnswerHolds() async throws {
        try await withPools { _, _, images in
            let stem = uniqueName("many")
            let names = Set((0..<70).map { "\(stem)-\($0)" })
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names { group.addTask { try await images.create(name, size: 512) } }
                try await group.waitForAll()
            }
            #expect(Set(try await images.images()).isSuperset(of: names))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for name in names { group.addTask { try await images.remove(name) } }
                try await group.waitForAll()
            }
        }
    }

    @Test(arguments: [
        "", "a/b", "a@b", "..", "a\nb", "a\0b", "a\u{7f}", String(repeating: "x", count: 97),
    ])
    func refusesNamesThatCouldMeanAnotherThing(name: String) async throws {
        try await withPools { cluster, vms, _ in
            await expect(.invalid) { try await vms.create(name, size: 1 << 20) }
            await expect(.invalid) { try await vms.remove(name) }
            await expect(.invalid) { try await vms.createSnapshot("x", name: name) }
            await expect(.invalid) { try await cluster.pool(name) }
        }
    }

    @Test func takesAnyOtherNameUpToTheLimit() async throws {
        try await withPools { _, vms, _ in
            let name = uniqueName("größe 'quoted' \" $x") + String(repeating: "y", count: 60)
            let longest = String(decoding: name.utf8.prefix(96), as: UTF8.self)
            try await vms.create(longest, size: 1 << 20)
            #expect(try await vms.images().contains(longest))
            try await vms.remove(longest)
        }
    }

    @Test func keepsMetadata() async throws {
        try await withPools { _, vms, _ in
            let image = uniqueName("meta")
            try await vms.create(image, size: 1 << 20)
            #expect(try await vms.metadata(image, key: "vm") == nil)
            let long = String(repeating: "ä", count: 3000)
            try await vms.setMetadata(image, key: "vm", value: long)
            #expect(try await vms.metadata(image, key: "vm") == long)
            try await vms.remove(image)
        }
    }

    @Test func readsWhatWasWritten() async throws {
        try await withPools { _, vms, _ in
            let image = uniqueName("bytes")
            try await vms.create(image, size: 8192)
            try await vms.write(image, offset: 4095, bytes: [1, 2, 3])
            #expect(try await vms.read(image, offset: 4094, length: 5) == [0, 1, 2, 3, 0])
            #expect(try await vms.read(image, offset: 8190, length: 10).count == 2)
            await expect(.invalid) { try await vms.write(image, offset: -1, bytes: [1]) }
            try await vms.remove(image)
        }
    }

    @Test func refusesToRemoveWhileSomebodyWatches() async throws {
        let other = try await CephFixture.connect()
        try await withPools { _, vms, _ in
            let image = uniqueName("watched")
            try await vms.create(image, size: 1 << 20)
            let held = try await other.pool("vms").open(image)
            let error = await cephError { try await vms.remove(image) }
            #expect(error?.isBusy == true)
            #expect(error?.isRetriable == true)
            let watcher = try await other.ownAddress().description
            #expect(error?.message == "it is watched by \(watcher)")
            await held.close()
            try await vms.remove(image)
        }
        await other.close()
    }
}
