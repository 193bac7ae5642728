import Etcd
import FoundationEssentials
import MetaStackAgent
import MetaStackDecisions
import MetaStackModel
import MetaStackStore
import MetaStackTesting
import Synchronization
import Testing

extension AgentTests {
    struct RestoredEtcdTests {
        enum Restore: Sendable, CaseIterable {
            case revisionWentBack, otherCluster
        }

        @Test(arguments: Restore.allCases)
        func anEtcdFromASnapshotIsLeftAloneAndGuestsRunOn(_ restore: Restore) async throws {
            try await TestFleet.run { fleet in
                try await fleet.addTinyFlavourAndImage()
                let host = try fleet.host("a", number: 1)
                let past = Past()
                let agent = fleet.start(host) { RestoredEtcd(etcd: $0, past: past) }
                try await fleet.want("web")
                try await fleet.until("web runs") { $0.isRunning("web") }
                past.begin(restore)
                try await fleet.eventually("the agent says what it found") {
                    fleet.log.tail.contains("etcd is not the one that this node knew")
                }
                // Its lease runs out, and what it wants now is none of this node's business.
                try await fleet.until("its claim has gone") { $0.claim("web") == nil }
                try await fleet.delete("desired_vms/web")
                try await fleet.want("db")
                #expect(await host.hypervisor.localDomain(web)?.state == .running)
                #expect(host.hypervisor.calls.count(of: .suspend) == 0)
                #expect(try await fleet.store.load().claim("db") == nil)
                // The operator's word.
                await agent.stop()
                fleet.start(host)
                try await fleet.until("db runs") { $0.isRunning("db") }
                try await fleet.eventually("web has gone") {
                    await host.hypervisor.localDomain(web) == nil
                }
            }
        }
    }
}

/// Whether, and how, etcd was restored.
private final class Past: Sendable {
    private let restore = Mutex<AgentTests.RestoredEtcdTests.Restore?>(nil)

    func begin(_ how: AgentTests.RestoredEtcdTests.Restore) { restore.withLock { $0 = how } }

    var now: AgentTests.RestoredEtcdTests.Restore? { restore.withLock { $0 } }
}

/// A real etcd that from a moment on knows the lease no more, and answers as from its past.
private struct RestoredEtcd: EtcdCalls {
    let etcd: EtcdClient
    let past: Past

    func keepAlive(_ lease: LeaseID, deadline: Duration?) async throws -> Duration {
        guard past.now == nil else {
            throw EtcdError(.leaseNotFound, "requested lease not found")
        }
        return try await etcd.keepAlive(lease, deadline: deadline)
    }

    func list(_ range: KeyRange) async throws -> Listing {
        var listing = try await etcd.list(range)
        switch past.now {
        case .revisionWentBack: listing.header.revision = Etcd.Revision(rawValue: 2)
        case .otherCluster: listing.header.clusterID += 1
        case nil: break
        }
        return listing
    }

    func get(_ key: Key, deadline: Duration?) async throws -> KeyValue? {
        try await etcd.get(key, deadline: deadline)
    }

    func put(
        _ key: Key, _ value: Data, lease: LeaseID?, deadline: Duration?
    ) async throws -> Etcd.Revision {
        try await etcd.put(key, value, lease: lease, deadline: deadline)
    }

    func delete(_ range: KeyRange, deadline: Duration?) async throws -> DeleteResponse {
        try await etcd.delete(range, deadline: deadline)
    }

    func transact(
        _ transaction: Transaction, deadline: Duration?
    ) async throws -> TransactionResult {
        try await etcd.transact(transaction, deadline: deadline)
    }

    func compact(before revision: Etcd.Revision, deadline: Duration?) async throws {
        try await etcd.compact(before: revision, deadline: deadline)
    }

    func grantLease(ttl: Duration, deadline: Duration?) async throws -> Lease {
        try await etcd.grantLease(ttl: ttl, deadline: deadline)
    }

    func revoke(_ lease: LeaseID, deadline: Duration?) async throws {
        try await etcd.revoke(lease, deadline: deadline)
    }

    func reader(_ range: KeyRange, from revision: Etcd.Revision?) -> any WatchReader {
        etcd.reader(range, from: revision)
    }

    func members(deadline: Duration?) async throws -> [Member] {
        try await etcd.members(deadline: deadline)
    }

    func status(endpoint: String, deadline: Duration) async throws -> EndpointStatus {
        try await etcd.status(endpoint: endpoint, deadline: deadline)
    }
}
