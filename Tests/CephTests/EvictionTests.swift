import Ceph
import Foundation
import Testing

@Suite struct EvictionTests {
    @Test func seesWatchersAndLockOwnersWithoutBecomingOne() async throws {
        try await withTwoClients { cluster, other in
            let vms = try await cluster.pool("vms")
            let image = uniqueName("held")
            try await vms.create(image, size: 1 << 20)
            #expect(try await vms.watchers(of: image).isEmpty)
            #expect(try await vms.lockOwners(of: image).isEmpty)
            #expect(try await vms.writers(of: image).isEmpty)

            let held = try await other.pool("vms").open(image)
            let address = try await other.ownAddress()
            #expect(try await vms.watchers(of: image) == [address])
            #expect(try await vms.lockOwners(of: image).isEmpty)
            try await held.write([1], at: 0)
            let owner = try #require(try await vms.lockOwners(of: image).first)
            #expect(owner.mode == .exclusive)
            #expect(owner.address == address)
            #expect(try await vms.watchers(of: image) == [address])
            #expect(try await vms.writers(of: image) == [address])
            await held.close()
            #expect(try await vms.watchers(of: image).isEmpty)
            try await vms.remove(image)
        }
    }

    @Test func anEvictedClientWritesNothingMore() async throws {
        try await withTwoClients { cluster, other in
            let vms = try await cluster.pool("vms")
            let image = uniqueName("fenced")
            try await vms.create(image, size: 1 << 20)
            let held = try await other.pool("vms").open(image)
            try await held.write([1], at: 0)

            // It writes on and on, each byte only after the one before was acknowledged.
            let writer = Task {
                var acknowledged: UInt8 = 1
                let giveUp = ContinuousClock.now + .seconds(20)
                while ContinuousClock.now < giveUp {
                    let next = acknowledged &+ 1
                    do {
                        try await held.write([next], at: 0)
                        acknowledged = next
                    } catch {
                        return (acknowledged, error as? CephError)
                    }
                }
                return (acknowledged, nil)
            }
            try await cluster.evict([other.ownAddress()], for: .seconds(3600))
            // The read carries the map that evicts: no write of the other can follow it.
            let seen = try await vms.read(image, offset: 0, length: 1)
            let (acknowledged, error) = await writer.value
            #expect(error?.isEvicted == true)
            #expect(try await vms.read(image, offset: 0, length: 1) == seen)
            // The refused write is the only one that may be there without an acknowledgement.
            #expect(seen == [acknowledged] || seen == [acknowledged &+ 1])
            let again = await cephError { try await held.write([99], at: 0) }
            #expect(again?.isEvicted == true)
            #expect(try await vms.read(image, offset: 0, length: 1) == seen)

            // Its lock outlives it, and must be seen to be broken.
            #expect(try await vms.writers(of: image).contains(try await other.ownAddress()))
            for owner in try await vms.lockOwners(of: image) {
                try await vms.breakLock(image, owner: owner)
            }
            try await vms.write(image, offset: 0, bytes: [200])
            #expect(try await vms.read(image, offset: 0, length: 1) == [200])
            await held.close()
            try await vms.remove(image)
        }
    }

    @Test func listsEvictionsAndLiftsThem() async throws {
        try await withTwoClients { cluster, other in
            let victim = try await other.ownAddress()
            let absent = try (1...5).map { try ClientAddress("10.9.8.7:0/\($0)") }
            let six = try ClientAddress("[fd00::1]:0/77")
            let all = [victim, six] + absent
            try await cluster.evict(all, for: .seconds(86_400))
            let listed = try await cluster.evictions()
            #expect(Set(listed.map(\.client)).isSuperset(of: all))
            #expect(listed.allSatisfy { $0.until.hasPrefix("20") })
            await expect(.evicted) { try await other.pool("vms").create("never", size: 1 << 20) }

            let lifter = try await CephFixture.connect(user: "lifter")
            try await lifter.liftEviction(of: all)
            #expect(Set(try await cluster.evictions().map(\.client)).isDisjoint(with: all))
            try await lifter.liftEviction(of: all)
            await lifter.close()
            let fresh = uniqueName("fresh")
            try await other.waitForLatestMap()
            try await other.pool("vms").create(fresh, size: 1 << 20)
            try await cluster.pool("vms").remove(fresh)
        }
    }

    @Test func saysWhichCapabilityLiftingNeeds() async throws {
        try await withPools { cluster, _, _ in
            let client = try ClientAddress("10.1.2.3:0/4")
            try await cluster.evict([client], for: .seconds(60))
            let error = await cephError { try await cluster.liftEviction(of: [client]) }
            #expect(error?.code == .accessDenied)
            #expect(error?.message.contains("blocklistop=rm") == true)
        }
    }

    @Test func aClientThatConnectsAgainIsAnotherOne() async throws {
        try await withTwoClients { cluster, other in
            try await cluster.evict([other.ownAddress()], for: .seconds(3600))
            await other.close()
            let successor = try await CephFixture.connect()
            let image = uniqueName("successor")
            try await successor.pool("vms").create(image, size: 1 << 20)
            try await successor.pool("vms").remove(image)
            await successor.close()
        }
    }

    @Test func evictingNobodyIsNothing() async throws {
        try await withPools { cluster, _, _ in
            try await cluster.evict([], for: .seconds(1))
            try await cluster.liftEviction(of: [])
        }
    }
}

/// Two connections, which are two clients to Ceph.
private func withTwoClients(
    _ body: (_ cluster: CephCluster, _ other: CephCluster) async throws -> Void
) async throws {
    let other = try await CephFixture.connect()
    try await withPools { cluster, _, _ in try await body(cluster, other) }
    await other.close()
}
