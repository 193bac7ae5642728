import Ceph
import Testing

/// Connections that nobody closes. Ceph does not answer meanwhile, so most tests of Ceph run at another time.
@Suite struct DroppedConnectionTests {
    /// More than Swift's pool has threads, on most machines.
    private static let connections = 32

    @Test func holdUpNoTaskWhileTheyWaitForTheirEnd() async throws {
        try await withPools { _, vms, _ in
            let names = (0..<Self.connections).map { uniqueName("dropped\($0)") }
            var images: [CephImage] = []
            for name in names {
                try await vms.create(name, size: 1 << 20)
                images.append(try await CephFixture.connect().pool("vms").open(name))
            }
            try await CephFixture.shared().withoutOSD {
                // Each has a watch, which the OSD must end.
                images = []
                let end = ContinuousClock.now + .seconds(2)
                while ContinuousClock.now < end {
                    let start = ContinuousClock.now
                    await Task.detached {}.value
                    // A busy machine's tasks wait, too; those behind Ceph wait for its own time-out, 10 s.
                    #expect(ContinuousClock.now - start < .seconds(5))
                }
            }
            for name in names { try await removeOnceUnused(name, from: vms) }
        }
    }

    private func removeOnceUnused(_ image: String, from pool: CephPool) async throws {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            do {
                return try await pool.remove(image)
            } catch let error as CephError where error.code == .busy {
                try await Task.sleep(for: .milliseconds(50))
            }
        }
        throw FixtureError(description: "\(image) is in use still")
    }
}
