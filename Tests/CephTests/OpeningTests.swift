import Ceph
import Foundation
import Testing

/// Images that are opened and closed at once, by many at a time.
@Suite(.timeLimit(.minutes(3))) struct OpeningTests {
    /// With these, a process that does not wait for librados's call-back dies within seconds.
    private static let tasks = 16
    private static let rounds = 100

    @Test func manyThatOpenAndCloseNeverHang() async throws {
        try await withPools { _, vms, images in
            let (base, disk) = (uniqueName("base"), uniqueName("disk"))
            try await makeBase(base, in: images)
            try await vms.clone((images, base, "v1"), as: disk)
            // They take the processors away from librados's threads, also in the midst of a call-back.
            let burners = (0..<2).map { _ in
                Thread { while !Thread.current.isCancelled { _ = sin(Double.random(in: 0..<1)) } }
            }
            for burner in burners { burner.start() }
            defer { for burner in burners { burner.cancel() } }
            try await withThrowingTaskGroup { group in
                for _ in 0..<Self.tasks {
                    group.addTask {
                        for _ in 0..<Self.rounds {
                            let found = try await vms.snapshots(of: disk)
                            #expect(found.isEmpty)
                            _ = try await vms.information(disk)
                        }
                    }
                }
                try await group.waitForAll()
            }
            try await vms.remove(disk)
            try await removeBase(base, in: images)
        }
    }
}
