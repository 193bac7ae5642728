import Etcd
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
private struct RestoredEtcd: EtcdDecorator {
    let etcd: any EtcdCalls
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
}
