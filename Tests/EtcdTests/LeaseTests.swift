import Etcd
import Foundation
import Testing

@Suite(.timeLimit(.minutes(3))) struct LeaseTests {
    @Test func deletesTheKeyWhenItsLeaseExpiresAndTheWatchSeesIt() async throws {
        try await withEtcd { _, etcd in
            let lease = try await etcd.grantLease(ttl: .seconds(4))
            let key = Key("/hosts/a")
            let put = try await etcd.put(key, Data("here"), lease: lease.id)
            #expect(try await etcd.get(key)?.lease == lease.id)
            let seen = try await events(1, of: etcd.watch(.key(key), from: put.next))
            guard case .delete(key, let revision, _) = seen.first else {
                Issue.record("the deletion is missing: \(seen)")
                return
            }
            #expect(revision > put)
            #expect(try await etcd.get(key) == nil)
            let error = await #expect(throws: EtcdError.self) {
                _ = try await etcd.keepAlive(lease.id)
            }
            #expect(error?.code == .leaseNotFound)
        }
    }

    @Test func livesOnWhileItIsKeptAlive() async throws {
        try await withEtcd { _, etcd in
            let lease = try await etcd.grantLease(ttl: .seconds(4))
            let key = Key("kept")
            try await etcd.put(key, Data(), lease: lease.id)
            let end = ContinuousClock.now + lease.ttl * 1.5
            while ContinuousClock.now < end {
                #expect(try await etcd.keepAlive(lease.id) == lease.ttl)
                try await Task.sleep(for: .milliseconds(300))
            }
            #expect(try await etcd.get(key) != nil)
        }
    }

    @Test func tellsWhatIsLeftAndWhichKeysEndWithIt() async throws {
        try await withEtcd { _, etcd in
            let id = LeaseID(rawValue: 0x1234_5678_9abc_def0)
            let lease = try await etcd.grantLease(ttl: .milliseconds(59_100), id: id)
            #expect(lease == Lease(id: id, ttl: .seconds(60)))
            try await etcd.put(Key("a"), Data(), lease: id)
            let status = try await etcd.timeToLive(id, keys: true)
            #expect(status.keys == [Key("a")])
            #expect(status.granted == .seconds(60))
            #expect(status.remaining > .seconds(50) && status.remaining <= .seconds(60))
            let error = await #expect(throws: EtcdError.self) {
                _ = try await etcd.grantLease(ttl: .seconds(60), id: id)
            }
            #expect(error?.code == .leaseExists)
        }
    }

    @Test func endsItsKeysWhenRevoked() async throws {
        try await withEtcd { _, etcd in
            let lease = try await etcd.grantLease(ttl: .seconds(60)).id
            try await etcd.put(Key("a"), Data(), lease: lease)
            try await etcd.revoke(lease)
            #expect(try await etcd.get(Key("a")) == nil)
            await expect(.leaseNotFound) { try await etcd.revoke(lease) }
            await expect(.leaseNotFound) { _ = try await etcd.timeToLive(lease) }
            await expect(.leaseNotFound) { try await etcd.put(Key("a"), Data(), lease: lease) }
        }
    }
}

/// Expects an `EtcdError` of this code.
@discardableResult
func expect(
    _ code: EtcdError.Code, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () async throws -> Void
) async -> EtcdError? {
    let error = await #expect(throws: EtcdError.self, sourceLocation: sourceLocation) {
        try await body()
    }
    #expect(
        error?.code == code, "\(error.map(String.init(describing:)) ?? "none")",
        sourceLocation: sourceLocation)
    return error
}
