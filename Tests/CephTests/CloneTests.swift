import Ceph
import Foundation
import Testing

@Suite struct CloneTests {
    @Test func clonesAProtectedSnapshotAndGrowsIt() async throws {
        try await withPools { _, vms, images in
            let (base, disk) = (uniqueName("base"), uniqueName("disk"))
            try await makeBase(base, in: images)
            try await vms.clone((images, base, "v1"), as: disk, size: 32 << 20)
            let found = try await vms.information(disk)
            #expect(found.size == 32 << 20)
            #expect(found.parent == ImageParent(pool: "images", image: base, snapshot: "v1"))
            #expect(found.features.contains(.exclusiveLock))
            #expect(try await vms.read(disk, offset: 0, length: 4) == [7, 7, 7, 7])
            let children = try await images.children(of: base, snapshot: "v1")
            #expect(children == [ImageChild(pool: "vms", image: disk)])

            await expect(.busy) { try await images.unprotect(base, snapshot: "v1") }
            await expect(.busy) { try await images.removeSnapshot(base, name: "v1") }
            await expect(.notEmpty) { try await images.remove(base) }

            try await vms.remove(disk)
            try await removeBase(base, in: images)
            #expect(try await !images.imageExists(base))
        }
    }

    @Test func keepsTheSizeWhereNoneIsGiven() async throws {
        try await withPools { _, vms, images in
            let (base, disk) = (uniqueName("base"), uniqueName("disk"))
            try await makeBase(base, in: images)
            try await vms.clone((images, base, "v1"), as: disk)
            #expect(try await vms.information(disk).size == 8 << 20)
            try await vms.remove(disk)
            try await removeBase(base, in: images)
        }
    }

    @Test func leavesNoCloneThatWouldBeTooSmall() async throws {
        try await withPools { _, vms, images in
            let (base, disk) = (uniqueName("base"), uniqueName("disk"))
            try await makeBase(base, in: images)
            await expect(.invalid) {
                try await vms.clone((images, base, "v1"), as: disk, size: 1 << 20)
            }
            #expect(try await !vms.imageExists(disk))
            try await removeBase(base, in: images)
        }
    }

    @Test func refusesToCloneWhatIsNotThereNotProtectedOrTaken() async throws {
        try await withPools { _, vms, images in
            let (base, disk) = (uniqueName("base"), uniqueName("disk"))
            try await makeBase(base, in: images)
            try await images.createSnapshot(base, name: "open")
            await expect(.notFound) { try await vms.clone((images, base, "none"), as: disk) }
            await expect(.invalid) { try await vms.clone((images, base, "open"), as: disk) }
            try await vms.clone((images, base, "v1"), as: disk)
            await expect(.exists) {
                try await vms.clone((images, base, "v1"), as: disk, size: 64 << 20)
            }
            #expect(try await vms.information(disk).size == 8 << 20)
            try await vms.remove(disk)
            try await images.removeSnapshot(base, name: "open")
            try await removeBase(base, in: images)
        }
    }

    @Test func knowsItsSnapshotsAndTheirProtection() async throws {
        try await withPools { _, _, images in
            let base = uniqueName("base")
            try await makeBase(base, in: images)
            try await images.protect(base, snapshot: "v1")
            let more = (0..<20).map { "s\($0)" }
            for name in more { try await images.createSnapshot(base, name: name) }
            #expect(Set(try await images.snapshots(of: base)) == Set(more + ["v1"]))
            #expect(try await images.isProtected(base, snapshot: "v1"))
            #expect(try await !images.isProtected(base, snapshot: "s0"))
            await expect(.exists) { try await images.createSnapshot(base, name: "s0") }
            for name in more { try await images.removeSnapshot(base, name: name) }
            try await removeBase(base, in: images)
        }
    }
}

/// An image of 8 MiB that begins with sevens, with a protected snapshot `v1`.
func makeBase(_ name: String, in pool: CephPool) async throws {
    try await pool.create(name, size: 8 << 20)
    try await pool.write(name, offset: 0, bytes: [UInt8](repeating: 7, count: 4096))
    try await pool.createSnapshot(name, name: "v1")
    try await pool.protect(name, snapshot: "v1")
}

func removeBase(_ name: String, in pool: CephPool) async throws {
    try await pool.unprotect(name, snapshot: "v1")
    try await pool.removeSnapshot(name, name: "v1")
    try await pool.remove(name)
}
