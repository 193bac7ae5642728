import CCeph
import Foundation
import Testing

@testable import Ceph

/// Images that are opened and closed at once, by many at a time.
@Suite(.timeLimit(.minutes(3))) struct OpeningTests {
    /// With these, every second process that does not wait for librados's call-back hangs or dies.
    private static let tasks = 32
    private static let rounds = 200

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
                            // Some of those that ask this in between hang; with metadata or nothing, none did.
                            let answer = try await vms.run(
                                "list watchers of image", open: disk, mode: .readOnly
                            ) { image in
                                var watcher = rbd_image_watcher_t()
                                var count = 1
                                return rbd_watchers_list(image.pointer, &watcher, &count)
                            }
                            #expect(answer == 0)
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
