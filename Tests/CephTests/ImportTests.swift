import Ceph
import Foundation
import Synchronization
import Testing

@Suite struct ImportTests {
    @Test func importsAFileByteForByteAndTellsHowFarItIs() async throws {
        try await withPools { _, _, images in
            var content = Data(count: 9 << 20)
            for offset in stride(from: 0, to: 3 << 20, by: 7) {
                content[offset] = UInt8(offset % 251)
            }
            content.append(contentsOf: [9, 8, 7])
            let file = try TemporaryFile(content)
            let image = uniqueName("import")
            let steps = Mutex<[ImportProgress]>([])
            try await images.import(file.path, as: image) { step in
                steps.withLock { $0.append(step) }
            }
            #expect(try await images.information(image).size == Int64(9 << 20) + 512)
            let bytes = try await images.read(image, offset: 0, length: content.count + 512)
            #expect(Data(bytes.prefix(content.count)) == content)
            #expect(bytes.dropFirst(content.count).allSatisfy { $0 == 0 })
            let seen = steps.withLock { $0 }
            #expect(
                seen.last == ImportProgress(done: Int64(content.count), total: Int64(content.count))
            )
            #expect(seen.count > 3)
            #expect(seen.map(\.done) == seen.map(\.done).sorted())
            #expect(try await images.watchers(of: image).isEmpty)
            try await images.remove(image)
        }
    }

    @Test func writesNoZeros() async throws {
        try await withPools { _, _, images in
            let file = try TemporaryFile(Data())
            let handle = try #require(FileHandle(forWritingAtPath: file.path))
            // A hole of 2 GiB, and behind it zeros that are written: only the last byte is data.
            try handle.seek(toOffset: 2 << 30)
            handle.write(Data(count: 6 << 20) + [5])
            try handle.close()
            let image = uniqueName("sparse")
            let start = ContinuousClock.now
            try await images.import(file.path, as: image)
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(try await usedBytes(of: "images/\(image)") <= 4 << 20)
            let end = Int64(2 << 30) + (6 << 20)
            #expect(try await images.read(image, offset: end - 1, length: 3) == [0, 5, 0])
            try await images.remove(image)
        }
    }

    @Test func cancellingLeavesNothing() async throws {
        try await withPools { _, _, images in
            let file = try TemporaryFile(Data(repeating: 1, count: 64 << 20))
            let image = uniqueName("cancelled")
            let (started, signal) = AsyncStream<Void>.makeStream()
            let goOn = DispatchSemaphore(value: 0)
            let task = Task {
                try await images.import(file.path, as: image) { _ in
                    signal.finish()
                    goOn.wait()
                    goOn.signal()
                }
            }
            for await _ in started {}
            #expect(try await images.imageExists(image))
            task.cancel()
            goOn.signal()
            await expect(.cancelled) { try await task.value }
            #expect(try await !images.imageExists(image))
        }
    }

    @Test func leavesAnImageAloneThatExists() async throws {
        try await withPools { _, _, images in
            let file = try TemporaryFile(Data(repeating: 1, count: 4096))
            let image = uniqueName("taken")
            try await images.create(image, size: 8192)
            await expect(.exists) { try await images.import(file.path, as: image) }
            #expect(try await images.information(image).size == 8192)
            try await images.remove(image)
        }
    }

    @Test func refusesWhatIsNoDisk() async throws {
        try await withPools { _, _, images in
            let empty = try TemporaryFile(Data())
            let image = uniqueName("none")
            await expect(.invalid) { try await images.import(empty.path, as: image) }
            await expect(.invalid) { try await images.import("/tmp", as: image) }
            await expect(.invalid) { try await images.import("/dev/zero", as: image) }
            await expect(.notFound) { try await images.import("/nonexistent", as: image) }
            #expect(try await !images.imageExists(image))
        }
    }
}

/// What the image really takes up, as `rbd du` counts it by the object map.
private func usedBytes(of path: String) async throws -> Int64 {
    struct Usage: Decodable {
        struct Image: Decodable { let used_size: Int64 }
        let images: [Image]
    }
    let text = try await CephFixture.run("rbd", ["du", "--format", "json", path])
    return try JSONDecoder().decode(Usage.self, from: Data(text.utf8)).images.reduce(0) {
        $0 + $1.used_size
    }
}
