import Ceph
import Testing

@Suite struct HealthTests {
    @Test func whatCephComplainsOfIsNamed() async throws {
        // Whoever has RBD's own capabilities may ask, and sees what an administrator sets.
        try await withPools { cluster, _, _ in
            let before = try await cluster.health()
            #expect(!before.warnings.contains("OSDMAP_FLAGS"))
            try await administer("osd set noscrub")
            let during = try await cluster.health()
            #expect(during.warnings == (before.warnings + ["OSDMAP_FLAGS"]).sorted())
            #expect(during.errors == before.errors)
            try await administer("health mute OSDMAP_FLAGS")
            #expect(try await cluster.health() == before)
            try await administer("health unmute OSDMAP_FLAGS")
            try await administer("osd unset noscrub")
            #expect(try await cluster.health() == before)
        }
    }

    private func administer(_ words: String) async throws {
        _ = try await CephFixture.run("ceph", words.split(separator: " ").map(String.init))
    }
}
